"""The units of a group that wait to be handed out, and which of them a worker gets. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from unified_test_runner.itinerary import Standing, Turn
from unified_test_runner.model import UnitKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from unified_test_runner.itinerary import Itinerary
    from unified_test_runner.steps import UnitPlan


@dataclass(slots=True)
class Unit:
    """A unit on its way: the tests it was found to have, and the first one still to run."""

    plan: UnitPlan
    ids: tuple[str, ...] | None = None
    start: int = 0
    handouts: int = 0

    @property
    def rest(self) -> tuple[str, ...] | None:
        """Its tests that have not run, None when it was never collected."""
        return None if self.ids is None else self.ids[self.start :]


class Waiting:
    """What waits in one group: booked units for their slots, loose ones for whoever asks first.

    Args:
        group: its index.
        slots: how many workers the run has.
        itinerary: which slot takes what; None: nothing is booked.
    """

    def __init__(self, group: int, slots: int, itinerary: Itinerary | None) -> None:
        self._group = group
        self._slots = slots
        self._itinerary = itinerary
        self._booked: dict[UnitKey, Unit] = {}
        self._loose: deque[Unit] = deque()

    @property
    def loose(self) -> int:
        """How many units any worker of the group may take."""
        return len(self._loose)

    def settle(self, units: Sequence[UnitPlan]) -> None:
        """Have the units of a walk wait, in place of those that were foreseen."""
        if self._itinerary is not None:
            self._itinerary.settle(self._group, [unit.key for unit in units])
        self.fill(units)

    def fill(self, units: Sequence[UnitPlan]) -> None:
        """Have these units wait, in place of any before."""
        self._booked = {unit.key: Unit(unit) for unit in units if self._is_booked(unit.key)}
        loose = [unit for unit in units if not self._is_booked(unit.key)]
        if self._itinerary is None:
            loose = in_order(loose, self._slots)
        self._loose = deque(map(Unit, loose))

    def has_booked(self, key: UnitKey) -> bool:
        """Whether a booked unit waits."""
        return key in self._booked

    def take(
        self, slot: int, standing: Callable[[int, UnitKey], Standing]
    ) -> Unit | Literal[Turn.WAIT] | None:
        """Return what the worker of a slot runs now; None when there is nothing more for it."""
        if self._itinerary is not None:
            turn = self._itinerary.take(slot, self._group, standing)
            if isinstance(turn, UnitKey):
                return self._booked.pop(turn)
            if turn is not Turn.FREE:
                return Turn.WAIT if turn is Turn.WAIT else None
        return self._loose.popleft() if self._loose else None

    def put_back(self, slot: int, unit: Unit) -> None:
        """Let a unit that the worker of a slot did not bring to its end be the next one."""
        key = unit.plan.key
        if self._itinerary is not None and self._is_booked(key):
            self._itinerary.give_back(slot, self._group, key)
            self._booked[key] = unit
        else:
            self._loose.appendleft(unit)

    def clear(self) -> list[Unit]:
        """Return everything that waits, which then waits no more."""
        left = [*self._booked.values(), *self._loose]
        self._booked.clear()
        self._loose.clear()
        return left

    def _is_booked(self, key: UnitKey) -> bool:
        return self._itinerary is not None and self._itinerary.has(self._group, key)


def in_order(units: Sequence[UnitPlan], slots: int) -> list[UnitPlan]:
    """Return units in natural order, but one that would dominate the run goes first.

    File order is something suites come to rely on, so it is changed only for a file larger
    than half of one worker's share.
    """
    bound = sum(unit.size_bytes for unit in units) / (2 * max(slots, 1))
    large = [unit for unit in units if slots > 1 and unit.size_bytes > bound > 0]
    large.sort(key=lambda unit: -unit.size_bytes)
    chosen = {unit.key for unit in large}
    return [*large, *(unit for unit in units if unit.key not in chosen)]
