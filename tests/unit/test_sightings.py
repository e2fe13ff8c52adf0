from __future__ import annotations

import pytest

from unified_test_runner import events
from unified_test_runner.model import EntryKind, Outcome, PhaseResult, UnitKey, When
from unified_test_runner.sightings import Lookout, Step

OURS = "test_z.py"


def took(worker: int, path: str, collector: str = "Module") -> events.Event:
    return events.UnitStarted(worker=worker, path=path, suite="s", collector=collector)


def began(worker: int, nodeid: str, attempt: int = 1) -> events.Event:
    return events.TestStarted(worker=worker, nodeid=nodeid, suite="s", attempt=attempt)


def ended(
    worker: int,
    nodeid: str,
    outcome: Outcome = Outcome.FAILED,
    entry: EntryKind = EntryKind.TEST,
    attempt: int = 1,
) -> events.Event:
    phase = PhaseResult(when=When.CALL, outcome="failed", duration_s=0.0, message="assert 0")
    return events.TestFinished(
        worker=worker, nodeid=nodeid, suite="s", outcome=outcome, duration_s=0.0, entry=entry,
        phases=(phase,) if outcome is Outcome.FAILED else (), reason="a reason", attempt=attempt,
    )  # fmt: skip


def ran(worker: int, nodeid: str, outcome: Outcome = Outcome.PASSED) -> list[events.Event]:
    return [began(worker, nodeid), ended(worker, nodeid, outcome)]


def step(path: str, test: str = "", collector: str = "Module") -> Step:
    return Step(key=UnitKey(path=path, collector=collector), test=test, suite="s")


def look(*told: events.Event, test: str = "test_z") -> Lookout:
    lookout = Lookout(OURS, test)
    for event in told:
        lookout.apply(event)
    return lookout


def test_what_ran_before_it_in_its_worker_is_kept_in_order():
    lookout = look(
        took(0, "test_a.py"), *ran(0, "test_a.py::C::test_1"),
        took(1, "test_b.py"), *ran(1, "test_b.py::test_other"),
        took(0, "test_empty.py"),
        took(0, OURS), *ran(0, f"{OURS}::test_y"), *ran(0, f"{OURS}::test_z", Outcome.FAILED),
        *ran(0, f"{OURS}::test_zz"),
    )  # fmt: skip
    (seen,) = lookout.sightings
    assert seen.before == (
        step("test_a.py", "C::test_1"),
        step("test_empty.py"),
        step(OURS, "test_y"),
    )
    assert seen.step == step(OURS, "test_z")
    assert (seen.outcome, seen.message, seen.is_first) == (Outcome.FAILED, "assert 0", True)


def test_tests_so_quick_that_only_their_ends_were_recorded_ran_all_the_same():
    (seen,) = look(
        took(0, "test_a.py"), ended(0, "test_a.py::test_1", Outcome.PASSED),
        *ran(0, "test_a.py::test_2"), ended(0, "test_a.py::test_2", Outcome.PASSED),
        took(0, OURS), ended(0, f"{OURS}::test_z"),
    ).sightings  # fmt: skip
    names = ["test_1", "test_2", "test_2"]
    assert seen.before == tuple(step("test_a.py", name) for name in names)


def test_a_first_test_has_nothing_before_it():
    (seen,) = look(took(3, OURS), *ran(3, f"{OURS}::test_z")).sightings
    assert seen.before == ()
    assert (seen.message, seen.is_first) == ("a reason", True)


def test_a_worker_that_took_over_is_not_the_first():
    (seen,) = look(
        took(0, "test_a.py"), began(0, "test_a.py::test_1"), took(1, OURS),
        *ran(1, f"{OURS}::test_z"),
    ).sightings  # fmt: skip
    assert not seen.is_first
    assert seen.before == ()


@pytest.mark.parametrize("worker", [0, -1], ids=["told", "died"])
def test_a_file_that_does_not_import_stands_for_its_tests(worker):
    (seen,) = look(
        took(0, "test_a.py"), *ran(0, "test_a.py::test_1"), took(0, OURS),
        ended(worker, OURS, Outcome.CRASHED, EntryKind.FILE),
    ).sightings  # fmt: skip
    assert (seen.outcome, seen.before) == (Outcome.CRASHED, (step("test_a.py", "test_1"),))


@pytest.mark.parametrize(
    "event",
    [
        ended(0, f"{OURS}::test_other"),
        ended(0, f"{OURS}::test_z[1]"),
        ended(-1, f"{OURS}::test_z", Outcome.NOT_RUN),
        ended(0, OURS, Outcome.SKIPPED, EntryKind.FILE),
        ended(0, f"{OURS}::test_z", attempt=2),
        ended(7, f"{OURS}::test_z"),
    ],
    ids=["other", "parameter", "never ran", "skipped file", "again", "unknown worker"],
)
def test_what_is_not_its_own_end_is_no_sighting(event):
    assert look(took(0, OURS), event).sightings == []


def test_a_test_of_the_same_name_in_another_file_is_another_one():
    assert look(took(0, "test_a.py"), *ran(0, "test_a.py::test_z")).sightings == []


def test_the_kind_of_file_is_told_apart():
    (seen,) = look(took(0, OURS, "DoctestModule"), *ran(0, f"{OURS}::test_z")).sightings
    assert seen.step == step(OURS, "test_z", "DoctestModule")


def test_a_teardown_that_fails_later_makes_it_an_error():
    phase = PhaseResult(when=When.TEARDOWN, outcome="failed", duration_s=0.0, message="late")
    late = events.LateErrorRecorded(worker=0, nodeid=f"{OURS}::test_z", phase=phase)
    (seen,) = look(took(0, OURS), *ran(0, f"{OURS}::test_z"), late).sightings
    assert (seen.outcome, seen.message) == (Outcome.ERROR, "late")


def test_tests_below_the_name_are_noted():
    lookout = look(
        took(0, OURS), *ran(0, f"{OURS}::test_z[1]"), *ran(0, f"{OURS}::test_zz"),
        *ran(0, f"{OURS}::test_z::inner"),
    )  # fmt: skip
    assert lookout.below == [f"{OURS}::test_z[1]", f"{OURS}::test_z::inner"]


def test_a_step_is_an_argument():
    assert step("a.py", "C::t[x::y]").nodeid == "a.py::C::t[x::y]"
    assert step("a.py").nodeid == "a.py"
