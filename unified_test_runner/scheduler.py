"""Who runs what next, and what to do when something dies. Pure: no clock, no input or output.

Invariants, which the property tests drive it against: every test of every unit ends in
exactly one of done, lost with its range, or replaced by its group's walk; a slot holds at
most one worker; a worker holds at most one range of a unit; a unit of one test has a worker to
itself; `End` comes when nothing is alive, once, and once more after each retry that was wanted
later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner import steps
from unified_test_runner.itinerary import Turn
from unified_test_runner.model import Outcome
from unified_test_runner.ranges import File, Group, Range, Roster, Slot, SlotState, Worker
from unified_test_runner.repeating import Repetitions
from unified_test_runner.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unified_test_runner.itinerary import Itinerary
    from unified_test_runner.steps import Action, GroupPlan, Input

#: So many workers of a group may die before their walk, in a row, until it is given up.
STARTUP_DEATHS = 3
#: So often a unit may be handed out and come back untouched until it is given up.
HANDOUTS = 3


class Scheduler:
    """Decides; `handle` is told what happened and returns what to do now.

    Args:
        groups: in the order in which they should be served.
        slots: how many workers may live at once.
        repeat: how often every unit runs; 0 means until the run is stopped.
        is_splitting: whether units may be divided between workers at all, which one that runs
            more than once never is.
        itinerary: which slot takes what, whole, before all else; None: nothing is booked.
    """

    def __init__(
        self,
        groups: Sequence[GroupPlan],
        slots: int,
        repeat: int = 1,
        *,
        is_splitting: bool = True,
        itinerary: Itinerary | None = None,
    ) -> None:
        self._is_repeated = repeat != 1
        self._is_splitting = is_splitting and itinerary is None and not self._is_repeated
        self._is_anyone_idle = False
        self._slots = [Slot(number) for number in range(slots)]
        self._groups = {plan.index: Group(plan) for plan in groups}
        self._roster = Roster()
        self._waiting = Waiting(self._groups, self._roster, slots, itinerary)
        self._workers = self._roster.workers
        self._next_worker = 0
        self._repetitions = Repetitions(repeat)
        self._stop_reason = self._kill_reason = ""
        self._has_ended = False

    @property
    def stop_reason(self) -> str:
        """Why nothing more is started; empty while the run takes its course."""
        return self._stop_reason

    def handle(self, happened: Input) -> list[Action]:
        """Return the actions that follow from one input, in order."""
        if not self._is_anyone_idle and isinstance(happened, steps.PROGRESS):
            # Most inputs by far, and nobody becomes free by them.
            return self._on_progress(self._workers[happened.worker], happened)
        actions = self._react(happened)
        actions += self._repeat()
        actions += self._hand_out()
        actions += self._ask()
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
            case steps.DrainWanted() | steps.KillWanted():
                return self._stop(happened)
            case steps.WorkerMisfit():
                self._workers[happened.worker].is_ending = True
                return []
            case steps.RetriesWanted():
                self._has_ended = False
                return self._queue_again(happened)
            case steps.Overdue():
                worker = self._workers[happened.worker]
                worker.overdue, worker.overdue_is = happened.reason, happened.outcome
                return []
            case steps.WorkerExited():
                return self._on_exit(self._workers.pop(happened.worker), happened.cause)
            case _:
                return self._on_progress(self._workers[happened.worker], happened)

    def _stop(self, wanted: steps.DrainWanted | steps.KillWanted) -> list[Action]:
        if isinstance(wanted, steps.DrainWanted):
            self._stop_reason = self._stop_reason or wanted.reason
            return self._end_workers()
        self._stop_reason = self._kill_reason = wanted.reason
        return [steps.Kill(worker=number) for number in self._workers]

    # --- slots

    def _on_slot(
        self, happened: steps.SlotOpened | steps.SlotFailed | steps.SlotClosed
    ) -> list[Action]:
        slot = self._slots[happened.slot]
        if isinstance(happened, steps.SlotClosed):
            slot.state = SlotState.FREE
            return []
        if isinstance(happened, steps.SlotFailed):
            slot.state = SlotState.CLOSING
            group = self._groups[slot.group]
            lost = self._fail(group, happened.reason, Outcome.NOT_RUN)
            return [*lost, steps.CloseSlot(slot=slot.number)]
        if self._stop_reason or not self._is_wanted(slot):
            slot.state = SlotState.CLOSING
            return [steps.CloseSlot(slot=slot.number)]
        slot.state = SlotState.LIVE
        self._waiting.begin(slot.number)
        worker = Worker(self._next_worker, slot.number, slot.group)
        self._next_worker += 1
        self._workers[worker.number] = worker
        return [steps.Fork(worker=worker.number, slot=slot.number, group=slot.group)]

    def _open_slots(self) -> list[Action]:
        actions: list[Action] = []
        for slot in self._slots:
            if slot.state is not SlotState.FREE or self._stop_reason:
                continue
            wanting = (i for i, group in self._groups.items() if self._wants_worker(group))
            ahead = self._waiting.group_ahead(slot.number)
            index = next(wanting, None) if ahead is None else ahead
            if index is not None:
                slot.state, slot.group = SlotState.OPENING, index
                actions.append(steps.OpenSlot(slot=slot.number, group=index))
        return actions

    def _is_wanted(self, slot: Slot) -> bool:
        """Whether a slot that has been opened still has something to do."""
        ahead = self._waiting.group_ahead(slot.number)
        is_short = self._wants_worker(self._groups[slot.group], taken=1)
        return is_short if ahead is None else ahead == slot.group

    def _wants_worker(self, group: Group, taken: int = 0) -> bool:
        """Whether more units wait than workers on their way to take one.

        `taken` leaves out so many of these workers, the one in question.
        """
        index = group.plan.index
        opening = sum(s.state is SlotState.OPENING and s.group == index for s in self._slots)
        starting = sum(not worker.is_ready for worker in self._roster.of(group))
        return self._roster.waiting(group) > opening + starting - taken

    # --- workers

    def _on_walked(self, happened: steps.WorkerWalked) -> list[Action]:
        worker = self._workers[happened.worker]
        group = self._groups[worker.group]
        worker.is_ready = True
        group.startup_deaths = 0
        if not group.is_walked and not group.failure and not self._stop_reason:
            group.is_walked = True
            group.walked = happened.units
            self._waiting.settle(group, happened.units)
        return []

    def _hand_out(self) -> list[Action]:
        actions: list[Action] = []
        self._is_anyone_idle = False
        for worker in self._workers.values():
            if not worker.is_idle:
                continue
            group = self._groups[worker.group]
            unit = None if self._stop_reason else self._waiting.take(group, worker)
            if isinstance(unit, Range):
                actions.append(worker.take(unit, is_repeated=self._is_repeated))
            elif unit is not Turn.WAIT and not self._may_be_needed(worker):
                worker.is_ending = True
                actions.append(steps.Finish(worker=worker.number))
            else:
                self._is_anyone_idle = True
        return actions

    def _may_be_needed(self, worker: Worker) -> bool:
        """Whether an idle worker should wait: for tests of another, or to take its own back."""
        group = self._groups[worker.group]
        if self._stop_reason or worker.is_spent or worker.number in group.refused:
            return False
        if self._roster.is_answerable(worker, group.pending):
            return True
        if any(map(self._wants_worker, self._groups.values())):
            return False
        if self._roster.is_held_up(group):
            return True
        return self._is_splitting and any(other.may_give for other in self._roster.of(group))

    def _ask(self) -> list[Action]:
        """Ask for tests on behalf of idle workers, those first who have most left.

        A request stands until it is answered or the unit ends, so that a worker in a long
        test, or one whose rest is not worth dividing yet, needs no second one.
        """
        actions: list[Action] = []
        if self._stop_reason or not self._is_splitting:
            return []
        for group in self._groups.values():
            for giver in self._roster.givers(group):
                if giver.unit is not None and giver.has_collected and not giver.is_asked:
                    giver.is_asked = True
                    how = giver.unit.plan.keep_together
                    actions.append(steps.Steal(worker=giver.number, how=how))
        return actions

    def _queue_again(self, happened: steps.RetriesWanted) -> list[Action]:
        lost: list[Action] = []
        for number, plan in happened.units:
            group, unit = self._groups[number], Range(File(plan))
            if group.failure:
                lost += self._lose(group, unit, Outcome.NOT_RUN, group.failure)
            else:
                group.pending.append(unit)
        return lost

    def _repeat(self) -> list[Action]:
        """Once every unit of all groups is handed out, queue all of them once more."""
        groups = [group for group in self._groups.values() if group.walked]
        is_busy = any(map(self._waiting.holds, self._groups.values()))
        if self._stop_reason or is_busy or not groups or not self._repetitions.begin_next():
            return []
        lost: list[Action] = []
        for group in groups:
            units = self._repetitions.plans(group.walked)
            if group.failure:
                for unit in units:
                    lost += self._lose(group, Range(File(unit)), Outcome.ERROR, group.failure)
                group.walked = ()
            else:
                self._waiting.repeat(group, units)
        return lost

    def _end_workers(self) -> list[Action]:
        """Drain workers; one that is still starting has nothing that would be torn down."""
        actions: list[Action] = []
        for worker in self._workers.values():
            if not worker.is_ending:
                worker.is_ending = True
                how = steps.Drain if worker.is_ready else steps.Kill
                actions.append(how(worker=worker.number))
        return actions

    def _on_progress(self, worker: Worker, happened: Input) -> list[Action]:
        unit = worker.unit
        if unit is None:
            return []
        match happened:
            case steps.UnitBegun():
                worker.has_begun = True
            case steps.UnitCollected():
                worker.has_collected = True
                unit.ids = unit.expected or happened.ids
                unit.giver = unit.bound = None
            case steps.TestBegun():
                worker.running = happened.index
            case steps.TestDone():
                worker.end_test(unit, happened)
            case steps.TestsPassed():
                worker.pass_tests(unit, happened)
            case steps.Given() if unit.start < happened.index and happened.index in unit:
                worker.is_asked = False
                given = unit.give(happened.index, worker.number)
                self._groups[worker.group].pending.appendleft(given)
            case steps.Kept():
                unit.file.is_whole = True
            case _:
                return self._on_unit_left(worker, unit, happened)
        return []

    def _on_unit_left(self, worker: Worker, unit: Range, happened: Input) -> list[Action]:
        """A worker has a unit no more; what is left of it must go on elsewhere."""
        group = self._groups[worker.group]
        match happened:
            case steps.UnitDone():
                worker.unit = None
                unit.start = happened.ran
                if unit.rest:
                    return self._give_back(worker, unit, "its workers hand it back unfinished")
                self._close(group, unit)
            case steps.RecycleWanted():
                worker.is_spent = True
            case steps.UnitUnknown():
                worker.unit = None
                group.refused.add(worker.number)
                return self._give_back(worker, unit, "no worker's walk has this file")
            case steps.UnitDiffers():
                worker.unit = None
                unit.distrust()
                return self._give_back(worker, unit, "its tests differ from worker to worker")
            case _:
                pass
        return []

    def _give_back(self, worker: Worker, unit: Range, reason: str) -> list[Action]:
        group = self._groups[worker.group]
        if unit.handouts >= HANDOUTS or (unit.counted is not None and worker.has_begun):
            return self._lose(group, unit, Outcome.ERROR, reason)
        self._waiting.put_back(group, worker, unit)
        return []

    def _lose(self, group: Group, unit: Range, outcome: Outcome, reason: str) -> list[Action]:
        """Give up what is left of a range. A second run loses nothing: the first one stands."""
        self._close(group, unit)
        if unit.counted is not None:
            return []
        return [
            steps.LoseUnit(
                unit=unit.plan, ids=unit.rest, outcome=outcome, reason=reason, first=unit.first
            )
        ]

    def _close(self, group: Group, unit: Range) -> None:
        """A range is over. With the last one of its file the suspects are run in order."""
        unit.file.ranges -= 1
        is_last = not unit.file.ranges and unit.file.suspects
        if is_last and not group.failure and not self._stop_reason:
            group.pending.append(unit.rerun())

    # --- deaths

    def _on_exit(self, worker: Worker, cause: str) -> list[Action]:
        slot = self._slots[worker.slot]
        slot.state = SlotState.CLOSING
        actions: list[Action] = [steps.CloseSlot(slot=slot.number)]
        if worker.unit is not None:
            return actions + self._on_death_in_unit(worker, worker.unit, cause)
        if not worker.is_ready and not worker.is_ending:
            return actions + self._on_startup_death(worker, cause)
        return actions

    def _on_death_in_unit(self, worker: Worker, unit: Range, cause: str) -> list[Action]:
        group = self._groups[worker.group]
        outcome, reason = worker.judge(cause, self._kill_reason)
        actions: list[Action] = []
        if worker.running is not None:
            actions.append(worker.lose_test(unit, worker.running, outcome, reason))
            if unit.rest and unit.counted is None:
                self._waiting.put_back(group, worker, unit)
                return actions
        elif worker.has_begun and unit.ids is None and not self._kill_reason:
            reason = f"while its file was collected: {reason}"
        elif unit.rest is None or unit.rest:
            if worker.has_begun and not worker.has_collected:
                unit.distrust()
            return self._give_back(worker, unit, f"its worker died before it: {cause}")
        return actions + self._lose(group, unit, outcome, reason)

    def _on_startup_death(self, worker: Worker, cause: str) -> list[Action]:
        group = self._groups[worker.group]
        group.startup_deaths += 1
        if group.failure or (group.startup_deaths < STARTUP_DEATHS and not worker.overdue):
            return []
        reason = worker.overdue or cause
        return self._fail(group, f"its workers die while they start: {reason}", Outcome.ERROR)

    def _fail(self, group: Group, reason: str, outcome: Outcome) -> list[Action]:
        """Give up what waits in a group; what its workers hold goes on."""
        group.failure = group.failure or reason
        waiting = self._waiting.clear(group)
        return [each for unit in waiting for each in self._lose(group, unit, outcome, reason)]

    def _end(self) -> list[Action]:
        """Give up what is left once nothing is alive, and say so once."""
        if self._has_ended or self._workers:
            return []
        # Once the run is stopped nobody waits for services on their way up or down.
        if not self._stop_reason and any(slot.state is not SlotState.FREE for slot in self._slots):
            return []
        lost: list[Action] = []
        for group in self._groups.values():
            lost += self._fail(group, self._stop_reason, Outcome.NOT_RUN)
        self._has_ended = True
        return [*lost, steps.End()]
