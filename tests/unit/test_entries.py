"""Tests that passed in a row are kept together; nobody who asks for entries can tell."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.events import (
    LateErrorRecorded,
    PlanMade,
    PlannedSuite,
    Stamped,
    TestFinished,
    TestsPassed,
)
from unified_test_runner.model import EntryKind, Outcome, PhaseResult, When
from unified_test_runner.report import RunReport
from unified_test_runner.reporters.json_report import written

PLAN = PlanMade(suites=(PlannedSuite(name="shop", group=0, files=1, category="unit"),))
LATE = PhaseResult(when=When.TEARDOWN, outcome="failed", duration_s=0.0, message="late")
COSTS = st.tuples(st.sampled_from([0.0, 0.5, 2.0]), st.integers(1, 4), st.integers(1, 4))


def passed(nodeids, costs, worker=1) -> TestsPassed:
    count = len(nodeids)
    return TestsPassed(
        worker=worker, suite="shop", category="unit", path="a.py", nodeids=tuple(nodeids),
        lines=(3,) * count, classnames=("T",) * count, names=tuple(nodeids),
        measured=tuple((took, 0.1, low, high, high, 0.0, took, 0.0) for took, low, high in costs),
    )  # fmt: skip


def failed(nodeid) -> TestFinished:
    return TestFinished(
        worker=1, nodeid=nodeid, suite="shop", category="unit", outcome=Outcome.FAILED,
        duration_s=1.0, path="a.py",
    )  # fmt: skip


def repeated(nodeid) -> TestFinished:
    return TestFinished(
        worker=2, nodeid=nodeid, suite="shop", category="unit", outcome=Outcome.PASSED,
        duration_s=0.75, path="a.py", repetition=2,
    )  # fmt: skip


def late(nodeid) -> LateErrorRecorded:
    return LateErrorRecorded(worker=1, nodeid=nodeid, phase=LATE)


@st.composite
def happenings(draw):
    """Tests that pass in a row or fail, faults of ended ones, repetitions that come early."""
    numbers, ended, found = itertools.count(), [], []
    words = st.sampled_from(["passed", "failed", "late", "repeated"])
    for word in draw(st.lists(words, max_size=6)):
        if word == "passed":
            costs = draw(st.lists(COSTS, min_size=1, max_size=4))
            name = draw(st.sampled_from(["a.py::test_{}", "a.py::test_p[{}]"]))
            nodeids = [name.format(next(numbers)) for _ in costs]
            if draw(st.integers(0, 4)) == 0:  # another worker is ahead by one repetition
                found.append(repeated(draw(st.sampled_from(nodeids))))
            found.append(passed(nodeids, costs, worker=draw(st.integers(1, 2))))
            ended += nodeids
        elif word == "failed":
            ended.append(f"a.py::test_{next(numbers)}")
            found.append(failed(ended[-1]))
        elif ended and word == "repeated":
            found.append(repeated(draw(st.sampled_from(ended))))
        elif ended:
            found.append(late(draw(st.sampled_from(ended))))
    return found


def fold(*events) -> RunReport:
    report = RunReport()
    for seq, event in enumerate((PLAN, *events), start=1):
        report.apply(Stamped(seq=seq, t_mono=0.5, event=event))
    return report


@given(happenings(), st.integers(1, 5))
def test_a_run_told_together_is_the_run_told_one_by_one(found, count):
    each = [e.each() if isinstance(e, TestsPassed) else (e,) for e in found]
    together, apart = fold(*found), fold(*itertools.chain(*each))
    assert [*together.entries.values()] == [*apart.entries.values()]
    assert [*together.entries.items()] == [*apart.entries.items()]
    assert len(together.entries) == len(apart.entries)
    assert together.totals() == apart.totals()
    assert together.workers == apart.workers
    assert together.bad_entries == apart.bad_entries
    assert together.slowest(count) == apart.slowest(count)
    assert together.grew_most(count) == apart.grew_most(count)
    assert [*together.entries.told({"a.py"})] == [*together.entries.values()]
    plain = {entry.key for entry in apart.entries.values() if entry.outcome is Outcome.PASSED}
    told = {entry.key for entry in together.notable}
    assert told >= together.entries.keys() - plain
    assert told.isdisjoint(plain) or any(
        isinstance(e, TestFinished) and e.repetition == 2 for e in found
    )


def test_a_test_is_found_by_its_identity():
    report = fold(passed(["a", "b"], [(1.0, 1, 2), (2.0, 1, 3)]), failed("c"))
    entry = report.entries[EntryKind.TEST, "b", 0]
    assert (entry.nodeid, entry.duration_s, entry.growth_bytes) == ("b", 2.0, 2)
    assert report.entries[EntryKind.TEST, "c", 0].outcome is Outcome.FAILED
    for key in [(EntryKind.TEST, "d", 0), (EntryKind.TEST, "a", 1), (EntryKind.FILE, "a", 0)]:
        assert key not in report.entries
        with pytest.raises(KeyError):
            report.entries[key]


def test_growth_is_found_in_tests_that_passed_in_a_row():
    size = 30 * 2**20
    gains = [(0.1, size + n * 2**20, size + (n + 1) * 2**20) for n in range(200)]
    nodeids = [f"a.py::test_p[{n}]" for n in range(200)]
    (growing,) = fold(passed(nodeids, gains)).growth.growing()
    assert growing.nodeid == "a.py::test_p"
    assert growing.per_run_bytes == pytest.approx(2**20, rel=0.1)


@given(happenings())
def test_a_report_told_together_is_written_as_one_told_one_by_one(found):
    each = [e.each() if isinstance(e, TestsPassed) else (e,) for e in found]
    together, apart = fold(*found), fold(*itertools.chain(*each))
    assert b"".join(written(together)) == b"".join(written(apart))
