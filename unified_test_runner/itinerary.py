"""Which slot takes which unit when, where a run repeats the order of another one. Pure.

A unit may be booked more than once: its worker died in it, and another took the rest. Then
each booking waits until the one before it was used, and the last unused one takes what comes
back. A booking whose unit has nothing left is passed over.
"""

from __future__ import annotations

import enum
import itertools
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from unified_test_runner.model import UnitKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A unit that a slot takes. Bookings of one `stint` belong to one worker.

    A unit is booked whole: a range of its tests that another worker took over in the recorded
    run is a second booking here, which finds nothing left.
    """

    slot: int
    stint: int
    group: int
    key: UnitKey


class Standing(enum.Enum):
    """How a unit stands with the scheduler."""

    WAITING = enum.auto()  #: may be handed out
    HELD = enum.auto()  #: in a worker's hands
    GONE = enum.auto()  #: ended, lost, or not there
    UNKNOWN = enum.auto()  #: no walk has told yet


class Turn(enum.Enum):
    """What a worker does when there is no unit for it."""

    WAIT = enum.auto()  #: a unit it is to take the rest of is still in other hands
    OVER = enum.auto()  #: what comes next on its slot is another worker's
    FREE = enum.auto()  #: nothing more is booked on its slot


@dataclass(slots=True)
class _Mention:
    """A booking, the `number`th of its unit; -1: one that was added when the unit came back."""

    booking: Booking
    number: int


class Itinerary:
    """Keeps what is still ahead of each slot.

    Args:
        bookings: in the order in which the units were taken, over all slots.
    """

    def __init__(self, bookings: Iterable[Booking]) -> None:
        self._lines: dict[int, deque[_Mention]] = {}
        self._total: Counter[tuple[int, UnitKey]] = Counter()
        self._used: Counter[tuple[int, UnitKey]] = Counter()
        self._stints: dict[int, int] = {}
        for booking in bookings:
            unit = (booking.group, booking.key)
            line = self._lines.setdefault(booking.slot, deque())
            line.append(_Mention(booking, self._total[unit]))
            self._total[unit] += 1

    def has(self, group: int, key: UnitKey) -> bool:
        """Whether a unit is booked anywhere, used or not."""
        return (group, key) in self._total

    def settle(self, group: int, keys: Collection[UnitKey]) -> None:
        """Learn which units a group has; one booked by a key it has not is another of its path.

        Keys change with the tests in a file where all files are collected at once.
        """
        known = {*keys}
        strange = [k for g, k in self._total if g == group and k not in known]
        loose = [key for key in keys if not self.has(group, key)]
        for old in strange:
            new = next((key for key in loose if key.path == old.path), None)
            if new is not None:
                loose.remove(new)
                self._rename(group, old, new)

    def _rename(self, group: int, old: UnitKey, new: UnitKey) -> None:
        self._total[group, new] = self._total.pop((group, old))
        self._used[group, new] = self._used.pop((group, old), 0)
        for mention in itertools.chain(*self._lines.values()):
            if mention.booking.group == group and mention.booking.key == old:
                mention.booking = replace(mention.booking, key=new)

    def begin(self, slot: int) -> None:
        """A fresh worker serves a slot."""
        self._stints.pop(slot, None)

    def group_ahead(self, slot: int, standing: Callable[[int, UnitKey], Standing]) -> int | None:
        """Return the group whose worker the slot needs next; None: nothing more is booked."""
        front = self._front(slot, standing)
        return front.booking.group if front else None

    def take(
        self, slot: int, group: int, standing: Callable[[int, UnitKey], Standing]
    ) -> UnitKey | Turn:
        """Return the unit that the slot's worker, one of `group`, takes now, or what it does."""
        front = self._front(slot, standing)
        if front is None:
            return Turn.FREE
        booking = front.booking
        if booking.group != group or booking.stint != self._stints.get(slot, booking.stint):
            return Turn.OVER
        is_early = front.number > self._used[group, booking.key]
        if is_early or standing(group, booking.key) is not Standing.WAITING:
            return Turn.WAIT
        self._use(slot)
        self._stints[slot] = booking.stint
        return booking.key

    def give_back(self, slot: int, group: int, key: UnitKey) -> None:
        """A unit that the slot's worker had taken goes on in the next one."""
        unit = (group, key)
        if self._used[unit] < self._total[unit]:
            return
        booking = Booking(slot=slot, stint=self._stints[slot], group=group, key=key)
        self._lines[slot].appendleft(_Mention(booking, -1))

    def _front(self, slot: int, standing: Callable[[int, UnitKey], Standing]) -> _Mention | None:
        line = self._lines.get(slot)
        while line:
            booking = line[0].booking
            if standing(booking.group, booking.key) is not Standing.GONE:
                return line[0]
            self._use(slot)
        return None

    def _use(self, slot: int) -> None:
        mention = self._lines[slot].popleft()
        if mention.number >= 0:
            self._used[mention.booking.group, mention.booking.key] += 1
