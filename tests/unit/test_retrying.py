from __future__ import annotations

import pytest

from unified_test_runner.events import Stamped, TestFinished
from unified_test_runner.model import EntryKind, Outcome, UnitKey
from unified_test_runner.report import RunReport
from unified_test_runner.retrying import Place, Retrying
from unified_test_runner.steps import UnitPlan

UNIT = UnitPlan(key=UnitKey(path="a.py"), suite="shop", size_bytes=9)


class Case:
    """A policy with the results it decides from."""

    def __init__(self, retries: int = 2, max_failures: int | None = None) -> None:
        self.notices: list = []
        self.report = RunReport()
        self.policy = Retrying({"shop": retries}, max_failures, self.notices.append)

    def ended(self, outcome: Outcome, name: str = "t", attempt: int = 1, **fields) -> None:
        nodeid = f"a.py::{name}"
        event = TestFinished(
            worker=0, nodeid=nodeid, suite="shop", outcome=outcome, duration_s=0,
            attempt=attempt, **fields,
        )  # fmt: skip
        self.report.apply(Stamped(seq=1, t_mono=0, event=event))
        if attempt == 1 and self.policy.concerns(UNIT):
            ids = ("a.py::x", nodeid, nodeid)
            place = Place(group=4, unit=UNIT, ids=ids, index=1 + event.occurrence)
            self.policy.note(nodeid, event.occurrence, place)

    def at_end(self, stop_reason: str = "") -> list[tuple[str, int, int, int]]:
        wanted = self.policy.at_end(self.report, stop_reason)
        return [
            (unit.again.nodeid, unit.again.nth, unit.again.occurrence, unit.again.attempt)
            for group, unit in (wanted.units if wanted else ())
            if unit.again and group == 4
        ]


@pytest.mark.parametrize("outcome", Outcome)
def test_what_is_bad_is_run_again(outcome):
    case = Case()
    case.ended(outcome)
    assert case.at_end() == ([("a.py::t", 0, 0, 2)] if outcome.is_bad else [])
    assert case.at_end() == [], "there is one first round"


def test_a_run_in_order_is_no_retry():
    case = Case(retries=1)
    case.ended(Outcome.FAILED)
    case.ended(Outcome.FAILED, attempt=2, is_in_order=True)
    assert case.at_end() == [("a.py::t", 0, 0, 3)]
    case.ended(Outcome.PASSED, attempt=3)
    (entry,) = case.report.entries.values()
    assert entry.outcome is Outcome.FLAKY
    assert not entry.is_order_dependent


def test_one_that_only_passed_in_order_is_not_run_again():
    case = Case(retries=1)
    case.ended(Outcome.FAILED)
    case.ended(Outcome.PASSED, attempt=2, is_in_order=True)
    assert case.at_end() == []


def test_of_tests_with_one_id_each_is_named():
    case = Case()
    case.ended(Outcome.PASSED)
    case.ended(Outcome.FAILED, occurrence=1)
    assert case.at_end() == [("a.py::t", 1, 1, 2)]


def test_nothing_is_run_again_where_the_suite_allows_none():
    case = Case(retries=0)
    case.ended(Outcome.FAILED)
    assert (case.at_end(), case.notices) == ([], [])


def test_files_and_tests_that_never_started_are_not_run_again():
    case = Case()
    case.ended(Outcome.ERROR, entry=EntryKind.FILE)
    other = TestFinished(
        worker=-1, nodeid="a.py::never", suite="shop", outcome=Outcome.ERROR, duration_s=0
    )
    case.report.apply(Stamped(seq=2, t_mono=0, event=other))
    assert (case.at_end(), case.notices) == ([], [])


@pytest.mark.parametrize(
    ("failed", "passed", "bound", "is_retried"),
    [(10, 0, None, True), (11, 0, None, False), (11, 209, None, True), (11, 208, None, False),
     (2, 0, 2, True), (3, 500, 2, False)],
)  # fmt: skip
def test_too_many_failures_are_a_broken_build(failed, passed, bound, is_retried):
    case = Case(max_failures=bound)
    for number in range(failed + passed):
        case.ended(Outcome.FAILED if number < failed else Outcome.PASSED, f"t{number}")
    assert len(case.at_end()) == (failed if is_retried else 0)
    assert len(case.notices) == (not is_retried)


def test_a_stopped_run_retries_nothing_and_says_so():
    case = Case()
    case.ended(Outcome.FAILED)
    assert case.at_end("interrupted") == []
    (notice,) = case.notices
    assert notice.message == "1 failed test was not run again: interrupted"


@pytest.mark.parametrize(
    ("outcome", "attempt", "is_wanted"),
    [
        (Outcome.PASSED, 2, False),
        (Outcome.XFAILED, 2, False),
        (Outcome.FAILED, 2, True),
        (Outcome.SKIPPED, 2, True),
        (Outcome.CRASHED, 3, False),
    ],
)
def test_a_retry_is_followed_by_another_until_one_passes_or_none_is_left(
    outcome, attempt, is_wanted
):
    case = Case(retries=2)
    case.ended(Outcome.FAILED)
    wanted = case.policy.at_end(case.report, "")
    for number in range(2, attempt + 1):
        ((_, unit),) = wanted.units
        assert case.policy.after(unit, case.report) is None, "it has not ended yet"
        case.ended(outcome if number == attempt else Outcome.FAILED, attempt=number)
        wanted = case.policy.after(unit, case.report)
    assert (wanted is not None) is is_wanted


def test_retries_that_do_not_happen_are_told_once_at_the_end():
    case = Case()
    case.ended(Outcome.FAILED)
    case.at_end()
    for _ in range(2):
        case.policy.drop("interrupted")
    case.at_end("interrupted")
    case.at_end("interrupted")
    (notice,) = case.notices
    assert notice.message == "2 failed tests were not run again: interrupted"


def test_units_of_the_first_run_are_followed_by_nothing():
    case = Case()
    case.ended(Outcome.FAILED)
    assert case.policy.after(UNIT, case.report) is None


def test_a_worker_that_had_handed_a_retry_back_and_ends_late_wants_no_second_one():
    case = Case(retries=2)
    case.ended(Outcome.FAILED)
    ((_, unit),) = case.policy.at_end(case.report, "").units
    case.ended(Outcome.FAILED, attempt=2)
    assert case.policy.after(unit, case.report) is not None
    assert case.policy.after(unit, case.report) is None
