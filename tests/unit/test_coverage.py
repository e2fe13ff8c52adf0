from __future__ import annotations

import pytest

from unified_test_runner.coverage import excuse, falls_short, ranges
from unified_test_runner.events import (
    CoverageMeasured,
    Covered,
    ErrorRaised,
    FileCovered,
    PlanMade,
    PlannedSuite,
    RunInterrupted,
    Stamped,
    TestFinished,
    UnitFinished,
)
from unified_test_runner.model import ExitCode, Outcome, WithheldSuite
from unified_test_runner.report import RunReport
from unified_test_runner.reporters.console.coverage import coverage_table
from unified_test_runner.settings import Selectors
from unified_test_runner.verdict import reach, shown_coverage

PLAN = PlanMade(suites=(PlannedSuite(name="s", group=0, files=1),))
DONE = UnitFinished(worker=1, path="a.py")
PASSED = TestFinished(worker=1, nodeid="a.py::t", suite="s", outcome=Outcome.PASSED, duration_s=0)


def fold(*events) -> RunReport:
    report = RunReport()
    for seq, event in enumerate(events, start=1):
        report.apply(Stamped(seq=seq, t_mono=seq, event=event))
    return report


def covered(percent: float, **fields) -> CoverageMeasured:
    total = Covered(percent=percent, statements=10, missing=3)
    return CoverageMeasured(total=total, **fields)


@pytest.mark.parametrize(
    ("lines", "text"),
    [([], ""), ([3], "3"), ([3, 4, 5, 9], "3-5, 9"), ([9, 1, 2], "1-2, 9"), ([1, 3], "1, 3")],
)
def test_ranges(lines, text):
    assert ranges(lines) == text


@pytest.mark.parametrize(
    ("percent", "minimum", "precision", "is_short"),
    [
        (79.6, 80, 0, False),  # shown as 80
        (79.4, 80, 0, True),
        (79.996, 80, 2, False),
        (79.994, 80, 2, True),
        (99.99, 100, 0, True),  # 100 means every line
        (100.0, 100, 0, False),
    ],
)
def test_a_percentage_is_judged_as_it_is_shown(percent, minimum, precision, is_short):
    assert falls_short(percent, minimum, precision) is is_short


@pytest.mark.parametrize(
    ("selectors", "events", "said"),
    [
        ({}, [PLAN, PASSED, DONE], ""),
        ({"pytest_args": ("--cov", "-q", "-p", "x")}, [PLAN, PASSED, DONE], ""),
        ({"pytest_args": ("-mslow",)}, [PLAN, PASSED, DONE], "narrowed by -mslow"),
        ({"suites": ("s",)}, [PLAN, PASSED, DONE], "narrowed by --suite"),
        ({}, [PLAN, PASSED], "did not run"),
        ({}, [PLAN, RunInterrupted(signal="SIGINT", is_draining=True), DONE], "its end"),
        ({}, [PLAN, ErrorRaised(message="no", exit_code=ExitCode.SERVICE), DONE], "its end"),
        ({}, [PlanMade(suites=(), withheld=(WithheldSuite(name="h", files=1, flag="-r"),))],
         "withheld"),
    ],
)  # fmt: skip
def test_an_excuse_is_given_where_not_everything_ran(selectors, events, said):
    found = excuse(Selectors(**selectors), fold(*events))
    assert found.endswith(said) if said in {"", "withheld"} else said in found
    assert bool(found) is bool(said)


def test_too_little_coverage_is_a_gate_that_names_what_is_lost():
    event = covered(70.0, minimum=80.0, is_below=True, lost_workers=2)
    verdict = reach(fold(PLAN, PASSED, DONE, event))
    assert (verdict.code, verdict.reason) == (
        ExitCode.GATE,
        "coverage is 70 %, below the 80 % wanted; the data of 2 workers is lost",
    )


def test_an_excused_shortfall_is_none():
    event = covered(70.0, minimum=80.0, is_below=True, excuse="narrowed")
    assert reach(fold(PLAN, PASSED, DONE, event)).code is ExitCode.OK


def test_a_failed_test_goes_before_too_little_coverage():
    failed = TestFinished(
        worker=1, nodeid="a.py::t", suite="s", outcome=Outcome.FAILED, duration_s=0
    )
    verdict = reach(fold(PLAN, failed, DONE, covered(1, minimum=80.0, is_below=True)))
    assert verdict.code is ExitCode.TESTS_FAILED
    assert verdict.also == ("coverage is 1 %, below the 80 % wanted",)


@pytest.mark.parametrize(
    ("percent", "fields", "text"),
    [
        (41.5, {"precision": 2}, "41.50 %"),
        (41.5, {"minimum": 41.5}, "42 %, at least the 41.5 % wanted"),
        (99.996, {"minimum": 100.0, "is_below": True}, "99.996 %, below the 100 % wanted"),
    ],
)
def test_a_shortfall_is_never_shown_as_none(percent, fields, text):
    assert shown_coverage(covered(percent, **fields)) == text


def test_the_table_is_bounded_and_says_so():
    files = tuple(
        FileCovered(
            path=f"part{n}.py", counts=Covered(percent=50, statements=40, missing=n),
            missing_lines="1-2",
        )
        for n in range(40)
    )  # fmt: skip
    event = covered(50, files=files, written=("xml out\x1b.xml",))
    lines = [line.text for line in coverage_table(event, 80, 0)]
    assert lines[2].startswith("part39.py")
    assert "... and 25 files with less missing" in lines
    assert not any("\x1b" in line for line in lines)
    whole = [line.text for line in coverage_table(event, 80, 1)]
    assert sum(line.startswith("part") for line in whole) == 40
    quiet = [line.text for line in coverage_table(event, 80, -1)]
    assert quiet[-1] == "coverage 50 %"
    assert not any(line.startswith("part") for line in quiet)
