from __future__ import annotations

import pytest

from unified_test_runner.events import (
    LeakFound,
    PlanMade,
    PlannedSuite,
    ServiceFailed,
    Stamped,
    TestFinished,
    UnitCollected,
    UnitFinished,
)
from unified_test_runner.model import EntryKind, ExitCode, Outcome, WithheldSuite
from unified_test_runner.report import RunReport
from unified_test_runner.verdict import counted, reach

SUITE = PlannedSuite(name="s", group=0, files=1)
HELD = WithheldSuite(name="h", files=1, flag="--real-services")
SKIP = TestFinished(
    worker=1, nodeid="a.py::t", suite="s", outcome=Outcome.SKIPPED, duration_s=0, reason="no"
)
COLLECTED = UnitCollected(worker=1, path="a.py", suite="s", tests=0, deselected=4, duration_s=0.1)
DONE = UnitFinished(worker=1, path="a.py")


def fold(*events) -> RunReport:
    report = RunReport()
    for seq, event in enumerate(events, start=1):
        report.apply(Stamped(seq=seq, t_mono=seq, event=event))
    return report


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([PlanMade(suites=(), withheld=(HELD,))],
         "every selected test was withheld; add --real-services"),
        ([PlanMade(suites=(SUITE,), withheld=(HELD,)), SKIP, DONE],
         "every test was skipped or withheld; add --real-services"),
        ([PlanMade(suites=(SUITE,)), SKIP, DONE], "every selected test was skipped"),
        ([PlanMade(suites=(SUITE,)), COLLECTED, DONE], "all 4 collected tests were deselected"),
        ([PlanMade(suites=(SUITE,)), DONE], "no test was executed"),
        ([PlanMade(suites=())], "no test was selected"),
        ([], "no test was selected"),
    ],
)  # fmt: skip
def test_r33_an_empty_run_says_why(events, reason):
    verdict = reach(fold(*events))
    assert (verdict.code, verdict.reason) == (ExitCode.NOTHING_RAN, f"nothing ran: {reason}")


def left(nodeid="a.py::t", **fields) -> LeakFound:
    return LeakFound(worker=1, nodeid=nodeid, **{"resource": "thread", "what": "t", **fields})


PASSED = TestFinished(worker=1, nodeid="a.py::t", suite="s", outcome=Outcome.PASSED, duration_s=0)


def test_leaks_fail_the_run_only_where_that_is_asked():
    assert reach(fold(PASSED, left())).code is ExitCode.OK
    verdict = reach(
        fold(
            PASSED,
            left(is_failing=True),
            left(is_failing=True, resource="descriptor", count=3),
            left("a.py::u", is_failing=True),
            left("a.py::v"),
        )
    )
    assert verdict.code is ExitCode.GATE
    assert verdict.reason == "2 tests left something behind (2 thread, 3 descriptor)"


def test_a_failed_test_outranks_what_tests_left():
    failed = TestFinished(
        worker=1, nodeid="a.py::f", suite="s", outcome=Outcome.FAILED, duration_s=0
    )
    verdict = reach(fold(PASSED, failed, left(is_failing=True)))
    assert verdict.code is ExitCode.TESTS_FAILED
    assert verdict.also == ("1 test left something behind (1 thread)",)


def test_what_a_stronger_cause_outranks_is_still_told():
    broken = TestFinished(
        worker=1, nodeid="a.py", suite="s", outcome=Outcome.ERROR, duration_s=0,
        entry=EntryKind.FILE,
    )  # fmt: skip
    verdict = reach(fold(broken, ServiceFailed(service="db", message="died")))
    assert (verdict.code, verdict.reason) == (ExitCode.SERVICE, "service 'db' failed: died")
    assert verdict.also == (
        "1 file could not be collected",
        "nothing ran: no test could be collected",
    )


@pytest.mark.parametrize(("number", "text"), [(0, "0 tests"), (1, "1 test"), (2, "2 tests")])
def test_counted(number, text):
    assert counted(number, "test") == text
