from __future__ import annotations

import pytest

from unified_test_runner import events
from unified_test_runner.failures import FailureRecord
from unified_test_runner.model import EntryKind, Outcome
from unified_test_runner.report import RunReport

A, B = "tests/test_a.py", "tests/test_b.py"
KNOWN = FailureRecord(failed={A: ("test_x", "test_y"), B: ("",)}, stopped_at=(A, "test_y"))


def ran(*results: tuple[str, Outcome], deselected: int = 1, extra: tuple = ()) -> RunReport:
    """A run of one file after another; a result without `::` is the file itself."""
    report = RunReport()
    said: list[events.Event] = [events.UnitStarted(worker=0, path=A, suite="s")]
    for nodeid, outcome in results:
        kind = EntryKind.TEST if "::" in nodeid else EntryKind.FILE
        said.append(
            events.TestFinished(
                worker=0, nodeid=nodeid, suite="s", outcome=outcome, duration_s=0.0, entry=kind,
                path=nodeid.partition("::")[0],
            )
        )  # fmt: skip
    said.append(
        events.UnitCollected(
            worker=0, path=A, suite="s", tests=1, deselected=deselected, duration_s=0.0
        )
    )
    said += [events.UnitFinished(worker=0, path=A), *extra]
    for number, event in enumerate(said, start=1):
        report.apply(events.Stamped(seq=number, t_mono=number / 10, event=event))
    report.end()
    return report


@pytest.mark.parametrize(
    ("outcome", "is_left"),
    [
        (Outcome.PASSED, False), (Outcome.SKIPPED, False), (Outcome.XFAILED, False),
        (Outcome.XPASSED, False), (Outcome.FLAKY, False), (Outcome.NOT_RUN, True),
        (Outcome.FAILED, True), (Outcome.ERROR, True), (Outcome.CRASHED, True),
        (Outcome.TIMED_OUT, True),
    ],
)  # fmt: skip
def test_what_ran_and_did_not_fail_is_forgotten(outcome, is_left):
    after = KNOWN.after(ran((f"{A}::test_x", outcome)))
    assert set(after.failed[A]) == ({"test_x", "test_y"} if is_left else {"test_y"})
    assert after.failed[B] == ("",)


def test_a_file_that_imports_again_is_no_failure_any_more():
    after = KNOWN.after(ran((f"{B}::test_z", Outcome.PASSED)))
    assert B not in after.failed


def test_new_failures_are_added_with_the_tests_below_their_file():
    after = FailureRecord().after(
        ran((f"{A}::C::test_x[a::b]", Outcome.FAILED), (B, Outcome.ERROR))
    )
    assert after.failed == {A: ("C::test_x[a::b]",), B: ("",)}


def test_a_test_that_is_gone_is_forgotten_once_its_whole_file_has_run():
    results = ((f"{A}::test_x", Outcome.FAILED), (f"{A}::test_new", Outcome.PASSED))
    assert set(KNOWN.after(ran(*results, deselected=3)).failed[A]) == {"test_x", "test_y"}
    assert KNOWN.after(ran(*results, deselected=0)).failed[A] == ("test_x",)


def test_a_test_that_the_run_did_not_come_to_is_not_gone():
    results = ((f"{A}::test_x", Outcome.FAILED), (f"{A}::test_y", Outcome.NOT_RUN))
    assert set(KNOWN.after(ran(*results, deselected=0)).failed[A]) == {"test_x", "test_y"}


def test_a_stepwise_run_remembers_where_it_stopped():
    bad = ran((f"{A}::test_x", Outcome.PASSED), (f"{A}::test_y", Outcome.FAILED))
    good = ran((f"{A}::test_y", Outcome.PASSED))
    assert FailureRecord().after(bad, is_stepwise=True).stopped_at == (A, "test_y")
    assert FailureRecord().after(bad).stopped_at is None
    assert KNOWN.after(good, is_stepwise=True).stopped_at is None
    assert KNOWN.after(good).stopped_at == (A, "test_y")


def test_an_interrupted_stepwise_run_forgets_nothing():
    signal = events.RunInterrupted(signal="SIGINT", is_draining=True)
    report = ran((f"{B}::test_z", Outcome.PASSED), extra=(signal,))
    assert KNOWN.after(report, is_stepwise=True).stopped_at == (A, "test_y")
