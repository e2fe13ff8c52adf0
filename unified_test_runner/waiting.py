"""What waits to be handed out, and what of it a worker gets. Pure; used by the scheduler.

Booked units wait for their slots, all others in `Group.pending` for whoever may take them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal

from unified_test_runner.itinerary import Standing, Turn
from unified_test_runner.model import UnitKey
from unified_test_runner.ranges import File, Range, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from unified_test_runner.itinerary import Itinerary
    from unified_test_runner.ranges import Group, Roster, Worker
    from unified_test_runner.steps import UnitPlan


class Waiting:
    """What waits of all groups, at first what they are foreseen to have.

    Args:
        groups: by index.
        roster: the workers that live.
        slots: how many workers the run has.
        itinerary: which slot takes what; None: nothing is booked.
    """

    def __init__(
        self, groups: Mapping[int, Group], roster: Roster, slots: int, itinerary: Itinerary | None
    ) -> None:
        self._groups = groups
        self._roster = roster
        self._slots = slots
        self._itinerary = itinerary
        self._booked: dict[int, dict[UnitKey, Range]] = {}
        for group in groups.values():
            self._fill(group, group.plan.units)

    def settle(self, group: Group, units: Sequence[UnitPlan]) -> None:
        """Have the units of a walk wait, in place of those that were foreseen."""
        if self._itinerary is not None:
            self._itinerary.settle(group.plan.index, [unit.key for unit in units])
        self._fill(group, units)

    def repeat(self, group: Group, units: Sequence[UnitPlan]) -> None:
        """Have units wait once more; an itinerary is about their first run only."""
        group.pending = in_order(units, self._slots)

    def holds(self, group: Group) -> bool:
        """Whether anything waits in a group."""
        return bool(group.pending or self._booked[group.plan.index])

    def _fill(self, group: Group, units: Sequence[UnitPlan]) -> None:
        index = group.plan.index
        booked = [unit for unit in units if self._is_booked(index, unit.key)]
        self._booked[index] = {unit.key: Range(File(unit)) for unit in booked}
        if self._itinerary is None:
            group.pending = in_order(units, self._slots)
        else:
            loose = (unit for unit in units if unit.key not in self._booked[index])
            group.pending = deque(Range(File(unit)) for unit in loose)

    def begin(self, slot: int) -> None:
        """A fresh worker serves a slot."""
        if self._itinerary is not None:
            self._itinerary.begin(slot)

    def group_ahead(self, slot: int) -> int | None:
        """Return the group whose worker a slot needs next; None: nothing more is booked."""
        if self._itinerary is None:
            return None
        return self._itinerary.group_ahead(slot, self._standing)

    def take(self, group: Group, worker: Worker) -> Range | Literal[Turn.WAIT] | None:
        """Return what a worker runs now; None when nothing is there for it."""
        is_done = worker.is_spent or worker.number in group.refused
        if self._itinerary is not None and not is_done:
            turn = self._itinerary.take(worker.slot, group.plan.index, self._standing)
            if isinstance(turn, UnitKey):
                return self._booked[group.plan.index].pop(turn)
            if turn is not Turn.FREE:
                return Turn.WAIT if turn is Turn.WAIT else None
        return self._roster.take(group, worker)

    def put_back(self, group: Group, worker: Worker, unit: Range) -> None:
        """Let what a worker did not bring to its end be the next to be handed out."""
        index, key = group.plan.index, unit.plan.key
        is_booked = self._is_booked(index, key) and not unit.plan.is_extra
        if self._itinerary is not None and is_booked:
            self._itinerary.give_back(worker.slot, index, key)
            self._booked[index][key] = unit
        else:
            group.pending.appendleft(unit)

    def clear(self, group: Group) -> list[Range]:
        """Return everything that waits in a group, which then waits no more."""
        booked = self._booked[group.plan.index]
        left = [*booked.values(), *group.pending]
        booked.clear()
        group.pending.clear()
        return left

    def _is_booked(self, group: int, key: UnitKey) -> bool:
        return self._itinerary is not None and self._itinerary.has(group, key)

    def _standing(self, index: int, key: UnitKey) -> Standing:
        group = self._groups[index]
        booked = self._booked[index].get(key)
        if booked is not None:
            return Standing.WAITING if self._roster.is_free(booked.plan) else Standing.HELD
        workers = self._roster.workers.values()
        units = (worker.unit for worker in workers if worker.group == index and worker.unit)
        if any(unit.plan.key == key and not unit.plan.is_extra for unit in units):
            return Standing.HELD
        return Standing.GONE if group.is_walked or group.failure else Standing.UNKNOWN
