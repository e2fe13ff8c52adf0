from __future__ import annotations

import pytest

from unified_test_runner.entries import Attempt
from unified_test_runner.model import Outcome, PhaseResult, When
from unified_test_runner.results import decide


def attempt(outcome: Outcome, number: int = 1, **fields) -> Attempt:
    return Attempt(number=number, outcome=outcome, duration_s=0.1, worker=1, **fields)


def bad_phase(**fields) -> PhaseResult:
    return PhaseResult(when=When.CALL, outcome="failed", duration_s=0, **fields)


@pytest.mark.parametrize("last", [outcome for outcome in Outcome if outcome is not Outcome.FLAKY])
@pytest.mark.parametrize("first", [outcome for outcome in Outcome if outcome.is_bad])
def test_a_failure_is_never_forgotten(first, last):
    verdict = decide((attempt(first), attempt(last, 2)))
    assert verdict.is_bad or verdict is Outcome.FLAKY


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (attempt(Outcome.FAILED, phases=(bad_phase(message="a"),)), "a"),
        (attempt(Outcome.FAILED, phases=(bad_phase(longrepr="x\nE  y\n"),)), "E  y"),
        (attempt(Outcome.FAILED, phases=(bad_phase(),), reason="r"), "r"),
        (attempt(Outcome.TIMED_OUT), "timed_out, without a message"),
        (attempt(Outcome.SKIPPED, reason="no db"), "no db"),
        (attempt(Outcome.PASSED), ""),
    ],
)
def test_a_bad_outcome_always_has_a_message(found, message):
    assert found.message == message


@pytest.mark.parametrize("last", [outcome for outcome in Outcome if outcome is not Outcome.FLAKY])
def test_an_attempt_in_order_decides(last):
    attempts = (attempt(Outcome.FAILED), attempt(last, 2, is_in_order=True))
    assert decide(attempts) is last
