from __future__ import annotations

from pathlib import Path

import pytest

from unified_test_runner.errors import UsageError
from unified_test_runner.events import (
    Event,
    RunStarted,
    Stamped,
    UnitStarted,
    WorkerStarted,
)
from unified_test_runner.itinerary import Booking
from unified_test_runner.model import UnitKey
from unified_test_runner.ordering import RecordedOrder, TakenUnit, follow, read_order
from unified_test_runner.planning.plan import Group, Plan, PlannedSuite, PlannedUnit


def log(*events: Event) -> list[Stamped]:
    return [Stamped(seq=n, t_mono=0.0, event=event) for n, event in enumerate(events, start=1)]


def run(workers: int) -> RunStarted:
    return RunStarted(
        run_id="r", started_at="", root="", run_dir="", argv=(), version="", python="",
        platform="", workers=workers,
    )  # fmt: skip


def worker(number: int, slot: int) -> WorkerStarted:
    return WorkerStarted(worker=number, slot=slot, group=0, pid=1)


def took(number: int, path: str, collector: str = "Module") -> UnitStarted:
    return UnitStarted(worker=number, path=path, suite="s", collector=collector)


def unit(path: str, *, slot: int = 0, worker: int = 0, suite: str = "s") -> TakenUnit:
    return TakenUnit(slot=slot, worker=worker, suite=suite, key=UnitKey(path=path))


def suite(name: str, *paths: str, is_whole: bool = False) -> PlannedSuite:
    units = tuple(PlannedUnit(path=p, suite=name, size_bytes=1, reason="") for p in paths)
    return PlannedSuite(
        name=name, category=None, services=(), units=units, reason="", paths=(".",),
        is_whole=is_whole,
    )  # fmt: skip


def plan(*suites: PlannedSuite) -> Plan:
    groups = tuple(
        Group(index=n, suites=(each,), arguments=(), interpreter="python")
        for n, each in enumerate(suites)
    )
    return Plan(root=Path("/p"), catalogue=None, groups=groups, notices=("old",))


def order(*taken: TakenUnit, workers: int = 2) -> RecordedOrder:
    return RecordedOrder(run="r", workers=workers, taken=taken)


def test_the_order_has_slots_workers_and_kinds_of_files():
    order = read_order(
        log(run(2), worker(0, 0), worker(1, 1), took(1, "a"), took(0, "a", "DoctestModule")), "r"
    )
    assert order == RecordedOrder(
        run="r",
        workers=2,
        taken=(
            TakenUnit(slot=1, worker=1, suite="s", key=UnitKey(path="a")),
            TakenUnit(
                slot=0, worker=0, suite="s", key=UnitKey(path="a", collector="DoctestModule")
            ),
        ),
    )


def test_parts_that_went_to_others_are_left_to_who_took_the_file():
    part = UnitStarted(worker=1, path="a", suite="s", first=4, start=4, giver=0)
    again = UnitStarted(worker=1, path="a", suite="s", stop=6, is_rerun=True)
    rest = UnitStarted(worker=2, path="a", suite="s", start=2)
    workers = [worker(number, number) for number in range(3)]
    order = read_order(log(run(3), *workers, took(0, "a"), part, rest, again, took(1, "b")), "r")
    assert [(unit.slot, unit.key.path) for unit in order.taken] == [(0, "a"), (2, "a"), (1, "b")]
    assert order.divided == ("a",)
    followed, _ = follow(plan(suite("s", "a", "b")), order)
    assert followed.notices[1:] == ("1 file of run 'r' is not divided between workers now: a",)
    followed, _ = follow(plan(suite("s", "b")), order)
    assert len(followed.notices) == 2


@pytest.mark.parametrize("events", [(), (worker(0, 0), took(0, "a"))], ids=["empty", "headless"])
def test_what_does_not_begin_with_a_run_is_refused(events):
    with pytest.raises(UsageError, match="'x' is not the log of a run"):
        read_order(log(*events) if events else [], "x")


def test_every_slot_that_was_used_is_there():
    assert read_order(log(run(1), worker(0, 5)), "r").workers == 6


def test_files_are_booked_with_the_group_their_suite_has_now():
    shared = plan(suite("x", "a", "b"), suite("s", "a"))
    followed, booked = follow(shared, order(unit("b", slot=1, worker=3), unit("a")))
    assert booked == (
        Booking(slot=1, stint=3, group=0, key=UnitKey(path="b")),
        Booking(slot=0, stint=0, group=1, key=UnitKey(path="a")),
    )
    assert followed.workers == 2
    assert followed.notices == ("old",)


def test_a_file_that_no_plan_foresees_is_booked_where_its_suite_is_whole():
    whole = plan(suite("s", "a", is_whole=True))
    followed, booked = follow(whole, order(unit("a"), unit("spec.yaml")))
    assert [booking.key.path for booking in booked] == ["a", "spec.yaml"]
    assert followed.notices == ("old",)


def test_what_differs_is_told():
    followed, booked = follow(
        plan(suite("s", "a", "n1", "n2", "n3", "n4")), order(unit("a"), unit("gone"), unit("gone"))
    )
    assert len(booked) == 1
    assert followed.notices[1:] == (
        "1 file of run 'r' is not selected now and left out: gone",
        "4 files are not in run 'r' and run at the end: n1, n2, n3, ...",
    )
