"""The slots of a run: opened with their services, closed again, each with its variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner import steps
from unified_test_runner.accounting import Activity
from unified_test_runner.events import Event
from unified_test_runner.services.notes import SlotClosed, SlotFailed, SlotOpened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from unified_test_runner.accounting import WallClock
    from unified_test_runner.inbox import Inbox
    from unified_test_runner.masking import Mask
    from unified_test_runner.planning.plan import Group
    from unified_test_runner.services.broker import Broker
    from unified_test_runner.services.notes import Note


class Slots:
    """Opens and closes slots; the answers come through the inbox, never at once.

    Args:
        groups: the plan's groups, by index.
        broker: makes the namespaces; None when the plan needs no services.
        inbox: where the answers go, also of groups without services.
        mask: learns the secrets of slots.
        wall: told what slots do.
        now: seconds since the run began.
    """

    def __init__(  # noqa: PLR0913 - services, secrets and time meet here
        self,
        *,
        groups: Mapping[int, Group],
        broker: Broker | None,
        inbox: Inbox[Event | Note],
        mask: Mask,
        wall: WallClock,
        now: Callable[[], float],
    ) -> None:
        self._groups = groups
        self._broker = broker
        self._inbox = inbox
        self._mask = mask
        self._wall = wall
        self._now = now
        self._group_of: dict[int, int] = {}
        self._variables: dict[int, dict[str, str]] = {}

    def open(self, slot: int, group: int) -> None:
        """Have the namespaces made that a group's tests need."""
        self._group_of[slot] = group
        uses = self._groups[group].services
        if self._broker is None or not uses:
            self._inbox.put(SlotOpened(slot=slot, variables={}))
            return
        self._wall.turn(slot, Activity.SERVICES, self._now())
        self._broker.open_slot(slot, uses)

    def hear(self, emit: Callable[[Event], None]) -> Iterator[steps.Input]:
        """Yield what the scheduler must know of the answers; what is for the record is emitted."""
        for note in self._inbox.take():
            match note:
                case SlotOpened():
                    self._note(note)
                    yield steps.SlotOpened(slot=note.slot)
                case SlotFailed():
                    yield steps.SlotFailed(slot=note.slot, reason=note.message)
                case SlotClosed():
                    yield steps.SlotClosed(slot=note.slot)
                case Event():
                    emit(note)

    def _note(self, opened: SlotOpened) -> None:
        """A slot is open: keep its variables, and their secrets out of the reports."""
        self._mask.learn(opened.variables)
        self._variables[opened.slot] = dict(opened.variables)

    def variables(self, slot: int) -> Mapping[str, str]:
        """What the slot's worker finds in its environment."""
        return self._variables.get(slot, {})

    def close(self, slot: int) -> None:
        """Have the slot's namespaces removed."""
        self._wall.turn(slot, Activity.SHUTDOWN, self._now())
        uses = self._groups[self._group_of[slot]].services
        if self._broker is None or not uses:
            self._inbox.put(SlotClosed(slot=slot))
            return
        self._broker.close_slot(slot)
