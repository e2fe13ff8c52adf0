from __future__ import annotations

import pytest

from unified_test_runner.events import LeakFound, NoticeGiven, Stamped, TestFinished
from unified_test_runner.model import Outcome
from unified_test_runner.report import RunReport
from unified_test_runner.services.strays import Stray
from unified_test_runner.stray_tests import told

TEST = "a.py::test"


def report(*leaks: LeakFound, outcome: Outcome = Outcome.PASSED) -> RunReport:
    made = RunReport()
    ended = TestFinished(worker=3, nodeid=TEST, suite="s", outcome=outcome, duration_s=0.1)
    for seq, event in enumerate([ended, *leaks], start=1):
        made.apply(Stamped(seq=seq, t_mono=seq, event=event))
    return made


def stray(test: str = TEST) -> Stray:
    return Stray(name="sleep 60", pid=42, test=test)


LEFT = "a test left a process behind, which was ended: sleep 60 (42)"


@pytest.mark.parametrize("wanted", ["report", "fail"])
def test_a_stray_is_a_leak_of_the_test_that_its_environment_names(wanted):
    notice, leak = told(stray(), report(), {"s": wanted})
    assert isinstance(notice, NoticeGiven)
    assert notice.message == f"{LEFT}, started by {TEST}"
    assert leak == LeakFound(
        worker=3, nodeid=TEST, resource="process", what="sleep 60", pid=42,
        is_failing=wanted == "fail",
    )  # fmt: skip


def test_a_stray_that_its_worker_told_of_is_counted_once():
    known = LeakFound(worker=3, nodeid=TEST, resource="process", what="sleep 60", pid=42)
    (notice,) = told(stray(test=""), report(known), {})
    assert notice.message == f"{LEFT}, started by {TEST}"


@pytest.mark.parametrize("test", ["", "b.py::unheard_of"])
def test_a_stray_of_nobody_known_is_only_told(test):
    (notice,) = told(stray(test), report(), {"s": "fail"})
    assert notice.message.startswith(LEFT)


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.TIMED_OUT])
def test_a_test_that_was_ended_could_not_clean_up(outcome):
    assert len([*told(stray(), report(outcome=outcome), {"s": "fail"})]) == 1


def test_off():
    assert len([*told(stray(), report(), {"s": "off"})]) == 1
