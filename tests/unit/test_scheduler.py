"""What the scheduler decides, input by input."""

from __future__ import annotations

import pytest

from unified_test_runner import steps
from unified_test_runner.model import Outcome, UnitKey
from unified_test_runner.scheduler import HANDOUTS, STARTUP_DEATHS, Scheduler
from unified_test_runner.steps import GroupPlan, UnitPlan


def unit(path: str, size: int = 10) -> UnitPlan:
    return UnitPlan(key=UnitKey(path=path), suite="s", size_bytes=size)


def group(*paths: str, index: int = 0) -> GroupPlan:
    return GroupPlan(index=index, units=tuple(unit(path) for path in paths))


def test_begin_opens_no_more_slots_than_units() -> None:
    scheduler = Scheduler([group("a", "b")], slots=8)
    assert scheduler.handle(steps.Begin()) == [
        steps.OpenSlot(slot=0, group=0),
        steps.OpenSlot(slot=1, group=0),
    ]


def test_an_empty_plan_ends_at_once() -> None:
    assert Scheduler([], slots=2).handle(steps.Begin()) == [steps.End()]


def started(paths: tuple[str, ...], slots: int = 1) -> tuple[Scheduler, list[steps.Action]]:
    """A scheduler whose first worker has walked; returns what followed from that."""
    plan = group(*paths)
    scheduler = Scheduler([plan], slots)
    scheduler.handle(steps.Begin())
    scheduler.handle(steps.SlotOpened(slot=0))
    return scheduler, scheduler.handle(steps.WorkerWalked(worker=0, units=plan.units))


def test_files_are_handed_out_in_natural_order() -> None:
    scheduler, actions = started(("a", "b"))
    assert actions == [steps.Assign(worker=0, unit=unit("a"), start=0)]
    scheduler.handle(steps.UnitBegun(worker=0))
    scheduler.handle(steps.UnitCollected(worker=0, ids=()))
    assert scheduler.handle(steps.UnitDone(worker=0, ran=0)) == [
        steps.Assign(worker=0, unit=unit("b"), start=0)
    ]


def test_a_file_that_dominates_goes_first() -> None:
    plan = GroupPlan(index=0, units=(unit("a", 10), unit("b", 10), unit("z", 500)))
    scheduler = Scheduler([plan], 2)
    scheduler.handle(steps.Begin())
    scheduler.handle(steps.SlotOpened(slot=0))
    assert scheduler.handle(steps.WorkerWalked(worker=0, units=plan.units)) == [
        steps.Assign(worker=0, unit=unit("z", 500), start=0)
    ]


def test_a_crash_is_the_running_tests_and_the_rest_goes_on_in_a_fresh_worker() -> None:
    scheduler, _ = started(("a",))
    for happened in (
        steps.UnitBegun(worker=0),
        steps.UnitCollected(worker=0, ids=("t0", "t1", "t2")),
        steps.TestBegun(worker=0, index=0),
        steps.TestDone(worker=0),
        steps.TestBegun(worker=0, index=1),
    ):
        scheduler.handle(happened)
    assert scheduler.handle(steps.WorkerExited(worker=0, cause="killed by SIGSEGV")) == [
        steps.CloseSlot(slot=0),
        steps.LoseTest(
            worker=0,
            unit=unit("a"),
            index=1,
            outcome=Outcome.CRASHED,
            reason="killed by SIGSEGV",
        ),
    ]
    assert scheduler.handle(steps.SlotClosed(slot=0)) == [steps.OpenSlot(slot=0, group=0)]
    assert scheduler.handle(steps.SlotOpened(slot=0)) == [steps.Fork(worker=1, slot=0, group=0)]
    assert scheduler.handle(steps.WorkerWalked(worker=1, units=(unit("a"),))) == [
        steps.Assign(worker=1, unit=unit("a"), start=2)
    ]


def test_a_worker_that_is_to_be_replaced_gets_no_other_unit() -> None:
    scheduler, _ = started(("a", "b"))
    scheduler.handle(steps.UnitBegun(worker=0))
    scheduler.handle(steps.UnitCollected(worker=0, ids=()))
    assert scheduler.handle(steps.RecycleWanted(worker=0)) == []
    assert scheduler.handle(steps.UnitDone(worker=0, ran=0)) == [steps.Finish(worker=0)]
    assert scheduler.handle(steps.WorkerExited(worker=0, cause="")) == [steps.CloseSlot(slot=0)]
    assert scheduler.handle(steps.SlotClosed(slot=0)) == [steps.OpenSlot(slot=0, group=0)]
    assert scheduler.handle(steps.SlotOpened(slot=0)) == [steps.Fork(worker=1, slot=0, group=0)]
    (assigned,) = scheduler.handle(steps.WorkerWalked(worker=1, units=(unit("b"),)))
    assert assigned == steps.Assign(worker=1, unit=unit("b"), start=0)


@pytest.mark.parametrize("outcome", [Outcome.TIMED_OUT, Outcome.CRASHED])
def test_a_worker_that_is_ended_for_a_bound_says_which(outcome: Outcome) -> None:
    scheduler, _ = started(("a",))
    scheduler.handle(steps.UnitBegun(worker=0))
    scheduler.handle(steps.UnitCollected(worker=0, ids=("t0", "t1")))
    scheduler.handle(steps.TestBegun(worker=0, index=0))
    scheduler.handle(steps.Overdue(worker=0, reason="too much", outcome=outcome))
    actions = scheduler.handle(steps.WorkerExited(worker=0, cause="killed by SIGKILL"))
    (lost,) = [action for action in actions if isinstance(action, steps.LoseTest)]
    assert (lost.outcome, lost.reason) == (outcome, "too much")


def test_a_crash_at_import_is_the_files() -> None:
    scheduler, _ = started(("a",))
    scheduler.handle(steps.UnitBegun(worker=0))
    actions = scheduler.handle(steps.WorkerExited(worker=0, cause="killed by SIGSEGV"))
    (lost,) = [action for action in actions if isinstance(action, steps.LoseUnit)]
    assert (lost.ids, lost.outcome) == (None, Outcome.CRASHED)


@pytest.mark.parametrize("is_running", [True, False])
def test_a_death_at_the_end_of_a_file_ends_the_file(is_running: bool) -> None:
    scheduler, _ = started(("a",))
    for happened in (
        steps.UnitBegun(worker=0),
        steps.UnitCollected(worker=0, ids=("t0",)),
        steps.TestBegun(worker=0, index=0),
        *([] if is_running else [steps.TestDone(worker=0)]),
    ):
        scheduler.handle(happened)
    actions = scheduler.handle(steps.WorkerExited(worker=0, cause="killed by SIGSEGV"))
    (lost,) = [action for action in actions if isinstance(action, steps.LoseUnit)]
    assert lost.ids == ()


def test_workers_that_die_at_start_give_their_group_up() -> None:
    scheduler = Scheduler([group("a")], slots=1)
    scheduler.handle(steps.Begin())
    for worker in range(STARTUP_DEATHS):
        scheduler.handle(steps.SlotOpened(slot=0))
        actions = scheduler.handle(steps.WorkerExited(worker=worker, cause="exit 3"))
        closed = scheduler.handle(steps.SlotClosed(slot=0))
    lost = [action for action in actions if isinstance(action, steps.LoseUnit)]
    assert [action.outcome for action in lost] == [Outcome.ERROR]
    assert closed == [steps.End()]


def test_workers_that_do_not_fit_are_replaced_however_many_they_are() -> None:
    scheduler = Scheduler([group("a")], slots=1)
    scheduler.handle(steps.Begin())
    for worker in range(STARTUP_DEATHS + 1):
        (fork,) = scheduler.handle(steps.SlotOpened(slot=0))
        assert fork == steps.Fork(worker=worker, slot=0, group=0)
        assert scheduler.handle(steps.WorkerMisfit(worker=worker)) == []
        closed = scheduler.handle(steps.WorkerExited(worker=worker, cause="exit 4"))
        assert closed == [steps.CloseSlot(slot=0)]
        assert scheduler.handle(steps.SlotClosed(slot=0)) == [steps.OpenSlot(slot=0, group=0)]


def test_a_unit_that_nobody_knows_is_given_up() -> None:
    scheduler, actions = started(("a",))
    lost: list[steps.Action] = []
    for worker in range(HANDOUTS):
        actions = scheduler.handle(steps.UnitUnknown(worker=worker))
        lost += [action for action in actions if isinstance(action, steps.LoseUnit)]
        if lost:
            break
        scheduler.handle(steps.WorkerExited(worker=worker, cause="finished"))
        scheduler.handle(steps.SlotClosed(slot=0))
        scheduler.handle(steps.SlotOpened(slot=0))
        scheduler.handle(steps.WorkerWalked(worker=worker + 1, units=(unit("a"),)))
    assert len(lost) == 1


def test_a_drain_leaves_what_never_started_as_not_run() -> None:
    scheduler, _ = started(("a", "b"))
    assert scheduler.handle(steps.DrainWanted(reason="stop")) == [steps.Drain(worker=0)]
    scheduler.handle(steps.UnitBegun(worker=0))
    scheduler.handle(steps.UnitCollected(worker=0, ids=("t0", "t1")))
    scheduler.handle(steps.UnitDone(worker=0, ran=0))
    actions = scheduler.handle(steps.WorkerExited(worker=0, cause="finished"))
    lost = [action for action in actions if isinstance(action, steps.LoseUnit)]
    assert {(a.unit.key.path, a.outcome) for a in lost} == {
        ("a", Outcome.NOT_RUN),
        ("b", Outcome.NOT_RUN),
    }
    assert actions[-1] == steps.End()


def test_a_retry_has_a_fresh_worker_and_goes_on_after_the_end() -> None:
    scheduler, _ = started(("a",))
    scheduler.handle(steps.UnitBegun(worker=0))
    scheduler.handle(steps.UnitCollected(worker=0, ids=("t0",)))
    assert scheduler.handle(steps.UnitDone(worker=0, ran=1)) == [steps.Finish(worker=0)]
    scheduler.handle(steps.WorkerExited(worker=0, cause="finished"))
    assert scheduler.handle(steps.SlotClosed(slot=0)) == [steps.End()]
    plans = [again(attempt) for attempt in (2, 3)]
    assert scheduler.handle(wanted(plans[0])) == [steps.OpenSlot(slot=0, group=0)]
    assert scheduler.handle(wanted(plans[1])) == []
    scheduler.handle(steps.SlotOpened(slot=0))
    assert scheduler.handle(steps.WorkerWalked(worker=1, units=(unit("a"),))) == [
        steps.Assign(worker=1, unit=plans[0], start=0)
    ]
    scheduler.handle(steps.UnitBegun(worker=1))
    scheduler.handle(steps.UnitCollected(worker=1, ids=("t0",)))
    assert scheduler.handle(steps.UnitDone(worker=1, ran=1)) == [steps.Finish(worker=1)]
    scheduler.handle(steps.WorkerExited(worker=1, cause="finished"))
    assert scheduler.handle(steps.SlotClosed(slot=0)) == [steps.OpenSlot(slot=0, group=0)]


def test_a_retry_of_a_run_that_was_stopped_is_given_up() -> None:
    scheduler, _ = started(("a",))
    scheduler.handle(steps.KillWanted(reason="stop"))
    scheduler.handle(steps.WorkerExited(worker=0, cause="killed"))
    actions = scheduler.handle(wanted(again(2)))
    assert [type(action) for action in actions] == [steps.LoseUnit, steps.End]
    assert scheduler.stop_reason == "stop"


def wanted(plan: UnitPlan) -> steps.RetriesWanted:
    return steps.RetriesWanted(units=((0, plan),))


def again(attempt: int) -> UnitPlan:
    named = steps.Again(nodeid="t0", nth=0, occurrence=0, attempt=attempt)
    return UnitPlan(key=UnitKey(path="a"), suite="s", again=named)


def test_repetitions_stay_in_the_worker_and_begin_once_every_file_is_handed_out() -> None:
    plan = group("a", "b")
    scheduler = Scheduler([plan], 1, repeat=2)
    scheduler.handle(steps.Begin())
    scheduler.handle(steps.SlotOpened(slot=0))
    actions = scheduler.handle(steps.WorkerWalked(worker=0, units=plan.units))
    seen = []
    while isinstance(actions[0], steps.Assign):
        seen.append((actions[0].unit.key.path, actions[0].unit.repetition))
        scheduler.handle(steps.UnitBegun(worker=0))
        scheduler.handle(steps.UnitCollected(worker=0, ids=("t",)))
        actions = scheduler.handle(steps.UnitDone(worker=0, ran=1))
    assert seen == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert actions == [steps.Finish(worker=0)]


def test_a_group_that_cannot_be_repeated_is_an_error() -> None:
    plan = group("a")
    scheduler = Scheduler([plan], 1, repeat=3)
    scheduler.handle(steps.Begin())
    scheduler.handle(steps.SlotOpened(slot=0))
    scheduler.handle(steps.WorkerWalked(worker=0, units=plan.units))
    actions = scheduler.handle(steps.GroupFailed(group=0, reason="no template"))
    (lost,) = [action for action in actions if isinstance(action, steps.LoseUnit)]
    assert (lost.unit.repetition, lost.outcome, lost.reason) == (2, Outcome.ERROR, "no template")
