"""Who runs what next, and what to do when something dies. Pure: no clock, no input or output.

Invariants, which the property tests drive it against: every unit of every group ends in
exactly one of done, lost or replaced by its walk; a slot holds at most one worker; a worker
holds at most one unit; `End` comes once, when nothing is alive.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from unified_test_runner import steps
from unified_test_runner.itinerary import Standing, Turn
from unified_test_runner.model import Outcome
from unified_test_runner.waiting import Unit, Waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unified_test_runner.itinerary import Itinerary
    from unified_test_runner.model import UnitKey
    from unified_test_runner.steps import Action, GroupPlan, Input

#: So many workers of a group may die before their walk, in a row, until it is given up.
STARTUP_DEATHS = 3
#: So often a unit may be handed out and come back untouched until it is given up.
HANDOUTS = 3


class _SlotState(enum.Enum):
    FREE = enum.auto()
    OPENING = enum.auto()
    LIVE = enum.auto()
    CLOSING = enum.auto()


@dataclass(slots=True)
class _Slot:
    number: int
    state: _SlotState = _SlotState.FREE
    group: int = -1


@dataclass(slots=True)
class _Worker:
    number: int
    slot: int
    group: int
    is_ready: bool = False
    is_ending: bool = False
    unit: Unit | None = None
    has_begun: bool = False
    running: int | None = None
    overdue: str = ""


@dataclass(slots=True)
class _Group:
    plan: GroupPlan
    waiting: Waiting
    is_walked: bool = False
    startup_deaths: int = 0
    failure: str = ""
    refused: set[int] = field(default_factory=set)


class Scheduler:
    """Decides; `handle` is told what happened and returns what to do now.

    Args:
        groups: in the order in which they should be served.
        slots: how many workers may live at once.
        itinerary: which slot takes what; what it does not name comes after that. None: each
            worker takes the next unit that waits.
    """

    def __init__(
        self, groups: Sequence[GroupPlan], slots: int, itinerary: Itinerary | None = None
    ) -> None:
        self._slots = [_Slot(number) for number in range(slots)]
        self._itinerary = itinerary
        self._groups: dict[int, _Group] = {}
        for plan in groups:
            waiting = Waiting(plan.index, slots, itinerary)
            waiting.fill(plan.units)
            self._groups[plan.index] = _Group(plan, waiting)
        self._workers: dict[int, _Worker] = {}
        self._next_worker = 0
        self._stop_reason = ""
        self._kill_reason = ""
        self._has_ended = False

    def handle(self, happened: Input) -> list[Action]:
        """Return the actions that follow from one input, in order."""
        if isinstance(happened, (steps.TestBegun, steps.TestDone)):
            # Most inputs by far, and nobody becomes free by them.
            return self._on_progress(self._workers[happened.worker], happened)
        actions = self._react(happened)
        actions += self._hand_out()
        actions += self._open_slots()
        return actions + self._end()

    def _react(self, happened: Input) -> list[Action]:  # noqa: PLR0911 - a table of inputs
        match happened:
            case steps.Begin():
                return []
            case steps.SlotOpened() | steps.SlotFailed() | steps.SlotClosed():
                return self._on_slot(happened)
            case steps.WorkerWalked():
                return self._on_walked(happened)
            case steps.GroupFailed():
                group = self._groups[happened.group]
                return self._fail(group, happened.reason, Outcome.ERROR)
            case steps.DrainWanted():
                self._stop_reason = self._stop_reason or happened.reason
                return self._end_workers()
            case steps.KillWanted():
                self._stop_reason = self._kill_reason = happened.reason
                return [steps.Kill(worker=number) for number in self._workers]
            case steps.Overdue():
                self._workers[happened.worker].overdue = happened.reason
                return []
            case steps.WorkerExited():
                return self._on_exit(self._workers.pop(happened.worker), happened.cause)
            case _:
                return self._on_progress(self._workers[happened.worker], happened)

    # --- slots

    def _on_slot(
        self, happened: steps.SlotOpened | steps.SlotFailed | steps.SlotClosed
    ) -> list[Action]:
        slot = self._slots[happened.slot]
        if isinstance(happened, steps.SlotClosed):
            slot.state = _SlotState.FREE
            return []
        if isinstance(happened, steps.SlotFailed):
            slot.state = _SlotState.CLOSING
            group = self._groups[slot.group]
            lost = self._fail(group, happened.reason, Outcome.NOT_RUN)
            return [*lost, steps.CloseSlot(slot=slot.number)]
        if self._stop_reason or not self._is_wanted(slot):
            slot.state = _SlotState.CLOSING
            return [steps.CloseSlot(slot=slot.number)]
        slot.state = _SlotState.LIVE
        if self._itinerary is not None:
            self._itinerary.begin(slot.number)
        worker = _Worker(self._next_worker, slot.number, slot.group)
        self._next_worker += 1
        self._workers[worker.number] = worker
        return [steps.Fork(worker=worker.number, slot=slot.number, group=slot.group)]

    def _open_slots(self) -> list[Action]:
        actions: list[Action] = []
        for slot in self._slots:
            if slot.state is not _SlotState.FREE or self._stop_reason:
                continue
            index = self._group_ahead(slot)
            if index is None:
                waiting = (i for i, group in self._groups.items() if self._wants_worker(group))
                index = next(waiting, None)
            if index is not None:
                slot.state, slot.group = _SlotState.OPENING, index
                actions.append(steps.OpenSlot(slot=slot.number, group=index))
        return actions

    def _group_ahead(self, slot: _Slot) -> int | None:
        if self._itinerary is None:
            return None
        return self._itinerary.group_ahead(slot.number, self._standing)

    def _is_wanted(self, slot: _Slot) -> bool:
        """Whether a slot that has been opened still has something to do."""
        ahead = self._group_ahead(slot)
        if ahead is not None:
            return ahead == slot.group
        return self._wants_worker(self._groups[slot.group], taken=1)

    def _wants_worker(self, group: _Group, taken: int = 0) -> bool:
        """Whether more units wait than workers on their way to take one.

        `taken` leaves out so many of these workers, the one in question.
        """
        index = group.plan.index
        opening = sum(s.state is _SlotState.OPENING and s.group == index for s in self._slots)
        starting = sum(
            w.group == index and not w.is_ready and not w.is_ending for w in self._workers.values()
        )
        return group.waiting.loose > opening + starting - taken

    # --- workers

    def _on_walked(self, happened: steps.WorkerWalked) -> list[Action]:
        worker = self._workers[happened.worker]
        group = self._groups[worker.group]
        worker.is_ready = True
        group.startup_deaths = 0
        if not group.is_walked and not group.failure and not self._stop_reason:
            group.is_walked = True
            group.waiting.settle(happened.units)
        return []

    def _standing(self, index: int, key: UnitKey) -> Standing:
        group = self._groups[index]
        if group.waiting.has_booked(key):
            return Standing.WAITING
        units = (w.unit for w in self._workers.values() if w.group == index and w.unit)
        if any(unit.plan.key == key for unit in units):
            return Standing.HELD
        return Standing.GONE if group.is_walked or group.failure else Standing.UNKNOWN

    def _hand_out(self) -> list[Action]:
        actions: list[Action] = []
        for worker in self._workers.values():
            if not worker.is_ready or worker.is_ending or worker.unit is not None:
                continue
            unit = self._next_unit(worker)
            if unit is Turn.WAIT:
                continue
            if unit is None:
                worker.is_ending = True
                actions.append(steps.Finish(worker=worker.number))
                continue
            worker.unit, worker.has_begun, worker.running = unit, False, None
            unit.handouts += 1
            actions.append(steps.Assign(worker=worker.number, unit=unit.plan, start=unit.start))
        return actions

    def _next_unit(self, worker: _Worker) -> Unit | Literal[Turn.WAIT] | None:
        group = self._groups[worker.group]
        if self._stop_reason or worker.number in group.refused:
            return None
        return group.waiting.take(worker.slot, self._standing)

    def _end_workers(self) -> list[Action]:
        """Drain workers; one that is still starting has nothing that would be torn down."""
        actions: list[Action] = []
        for worker in self._workers.values():
            if not worker.is_ending:
                worker.is_ending = True
                how = steps.Drain if worker.is_ready else steps.Kill
                actions.append(how(worker=worker.number))
        return actions

    def _on_progress(self, worker: _Worker, happened: Input) -> list[Action]:
        unit = worker.unit
        if unit is None:
            return []
        match happened:
            case steps.UnitBegun():
                worker.has_begun = True
            case steps.UnitCollected():
                unit.ids = happened.ids
            case steps.TestBegun():
                worker.running = happened.index
            case steps.TestDone():
                unit.start = (worker.running if worker.running is not None else 0) + 1
                unit.handouts = 0
                worker.running = None
            case steps.UnitDone():
                worker.unit = None
                unit.start = happened.ran
                if unit.rest:
                    return self._give_back(worker, unit, "its workers hand it back unfinished")
            case steps.UnitUnknown():
                worker.unit = None
                self._groups[worker.group].refused.add(worker.number)
                return self._give_back(worker, unit, "no worker's walk has this file")
            case _:
                pass
        return []

    def _give_back(self, worker: _Worker, unit: Unit, reason: str) -> list[Action]:
        if unit.handouts >= HANDOUTS:
            return [_lose(unit, Outcome.ERROR, reason)]
        self._groups[worker.group].waiting.put_back(worker.slot, unit)
        return []

    # --- deaths

    def _on_exit(self, worker: _Worker, cause: str) -> list[Action]:
        slot = self._slots[worker.slot]
        slot.state = _SlotState.CLOSING
        actions: list[Action] = [steps.CloseSlot(slot=slot.number)]
        if worker.unit is not None:
            return actions + self._on_death_in_unit(worker, worker.unit, cause)
        if not worker.is_ready and not worker.is_ending:
            return actions + self._on_startup_death(worker, cause)
        return actions

    def _on_death_in_unit(self, worker: _Worker, unit: Unit, cause: str) -> list[Action]:
        outcome, reason = self._judge(worker, cause)
        if worker.running is not None:
            unit.start = worker.running + 1
            lost = steps.LoseTest(
                worker=worker.number,
                unit=unit.plan,
                index=worker.running,
                outcome=outcome,
                reason=reason,
            )
            if not unit.rest:
                return [lost, _lose(unit, outcome, reason)]
            self._groups[worker.group].waiting.put_back(worker.slot, unit)
            return [lost]
        if worker.has_begun and unit.ids is None and not self._kill_reason:
            return [_lose(unit, outcome, f"while its file was collected: {reason}")]
        if unit.rest is not None and not unit.rest:
            return [_lose(unit, outcome, reason)]
        return self._give_back(worker, unit, f"its worker died before it: {cause}")

    def _judge(self, worker: _Worker, cause: str) -> tuple[Outcome, str]:
        """Say what the death of a worker is to what it was doing."""
        if self._kill_reason:
            return Outcome.NOT_RUN, f"did not end: {self._kill_reason}"
        if worker.overdue:
            return Outcome.TIMED_OUT, worker.overdue
        return Outcome.CRASHED, cause

    def _on_startup_death(self, worker: _Worker, cause: str) -> list[Action]:
        group = self._groups[worker.group]
        group.startup_deaths += 1
        if group.failure or (group.startup_deaths < STARTUP_DEATHS and not worker.overdue):
            return []
        reason = worker.overdue or cause
        return self._fail(group, f"its workers die while they start: {reason}", Outcome.ERROR)

    def _fail(self, group: _Group, reason: str, outcome: Outcome) -> list[Action]:
        """Give up what waits in a group; what its workers hold goes on."""
        group.failure = group.failure or reason
        return [_lose(unit, outcome, reason) for unit in group.waiting.clear()]

    def _end(self) -> list[Action]:
        """Give up what is left once nothing is alive, and say so once."""
        if self._has_ended or self._workers:
            return []
        # Once the run is stopped nobody waits for services on their way up or down.
        is_busy = any(slot.state is not _SlotState.FREE for slot in self._slots)
        if is_busy and not self._stop_reason:
            return []
        lost: list[Action] = []
        for group in self._groups.values():
            lost += self._fail(group, self._stop_reason, Outcome.NOT_RUN)
        self._has_ended = True
        return [*lost, steps.End()]


def _lose(unit: Unit, outcome: Outcome, reason: str) -> Action:
    return steps.LoseUnit(unit=unit.plan, ids=unit.rest, outcome=outcome, reason=reason)
