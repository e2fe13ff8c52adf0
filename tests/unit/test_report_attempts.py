"""Reports of tests that were run more than once: repeated, retried, or again in order."""

from __future__ import annotations

import pytest

from unified_test_runner.events import (
    LateErrorRecorded,
    Stamped,
    TestFinished,
    TestStarted,
    UnitStarted,
)
from unified_test_runner.model import EntryKind, Outcome, PhaseResult, When
from unified_test_runner.report import RunReport

PATH = "suites/shop/test_a.py"
TEST = f"{PATH}::test_b"


def fold(*events) -> RunReport:
    report = RunReport()
    for seq, event in enumerate(events, start=1):
        report.apply(Stamped(seq=seq, t_mono=seq / 10, event=event))
    report.end()
    return report


def end_of(outcome: Outcome, nodeid: str = TEST, **fields) -> TestFinished:
    return TestFinished(
        worker=1, nodeid=nodeid, suite="shop", outcome=outcome, duration_s=0.1, **fields
    )


def repeated(*outcomes, **fields):
    return [end_of(o, repetition=n, **fields) for n, o in enumerate(outcomes, start=1)]


@pytest.mark.parametrize(
    ("outcomes", "verdict", "counts"),
    [
        ([Outcome.PASSED] * 3, Outcome.PASSED, (3, 0)),
        ([Outcome.FAILED, Outcome.PASSED], Outcome.FAILED, (2, 1)),
        ([Outcome.PASSED, Outcome.ERROR, Outcome.CRASHED], Outcome.CRASHED, (3, 2)),
        ([Outcome.PASSED, Outcome.SKIPPED], Outcome.PASSED, (2, 0)),
        ([Outcome.SKIPPED, Outcome.SKIPPED], Outcome.SKIPPED, (2, 0)),
        ([Outcome.PASSED, Outcome.XPASSED], Outcome.XPASSED, (2, 0)),
        ([Outcome.PASSED, Outcome.NOT_RUN], Outcome.PASSED, (1, 0)),
        ([Outcome.FAILED] * 50 + [Outcome.TIMED_OUT], Outcome.TIMED_OUT, (51, 51)),
    ],
)
@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "out of order"])
def test_the_worst_repetition_decides(outcomes, verdict, counts, is_reversed):
    stream = repeated(*outcomes)
    report = fold(*(reversed(stream) if is_reversed else stream))
    (entry,) = report.entries.values()
    assert (entry.outcome, entry.repetitions, entry.bad_repetitions) == (verdict, *counts)
    assert +report.totals() == {verdict: 1}
    assert len(entry.attempts) <= 7
    assert entry.last.number == len(outcomes)
    if verdict.is_bad:
        assert entry.telling.outcome is verdict


def test_a_late_error_of_a_repetition_is_not_another_one():
    phase = PhaseResult(when=When.TEARDOWN, outcome="failed", duration_s=0, message="closed")
    error = LateErrorRecorded(worker=1, nodeid=TEST, phase=phase, repetition=2)
    report = fold(*repeated(*[Outcome.PASSED] * 4), error)
    (entry,) = report.entries.values()
    assert (entry.outcome, entry.repetitions, entry.bad_repetitions) == (Outcome.ERROR, 4, 1)
    assert entry.telling.number == 2


def test_the_outcome_in_order_stands_and_its_context_counts_for_nothing():
    report = fold(
        UnitStarted(worker=1, path=PATH, suite="shop"),
        end_of(Outcome.PASSED, f"{PATH}::test_a"),
        end_of(Outcome.FAILED),
        UnitStarted(worker=1, path=PATH, suite="shop", is_rerun=True),
        TestStarted(worker=1, nodeid=f"{PATH}::test_a", suite="shop", attempt=2, is_context=True),
        end_of(Outcome.FAILED, f"{PATH}::test_a", attempt=2, is_context=True),
        end_of(Outcome.PASSED, attempt=2, is_in_order=True),
    )
    assert +report.totals() == {Outcome.PASSED: 2}
    assert not report.running
    assert report.dependents == {PATH}
    entry = report.entries[EntryKind.TEST, TEST, 0]
    assert entry.is_order_dependent
    assert [each.outcome for each in entry.attempts] == [Outcome.FAILED, Outcome.PASSED]


def test_a_test_that_fails_in_order_too_is_an_ordinary_failure():
    report = fold(end_of(Outcome.FAILED), end_of(Outcome.ERROR, attempt=2, is_in_order=True))
    (entry,) = report.entries.values()
    assert entry.outcome is Outcome.ERROR
    assert not entry.is_order_dependent
    assert not report.dependents


def test_a_log_cut_short_in_a_context_leaves_its_test_as_it_was():
    started = TestStarted(worker=1, nodeid=TEST, suite="shop", attempt=2, is_context=True)
    report = fold(end_of(Outcome.PASSED), started)
    assert +report.totals() == {Outcome.PASSED: 1}
