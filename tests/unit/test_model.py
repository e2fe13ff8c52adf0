from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.model import Endpoint, Outcome, PhaseResult, When, fold_outcome

SETUP, CALL, TEARDOWN, COLLECT = When.SETUP, When.CALL, When.TEARDOWN, When.COLLECT


def phase(when: When, outcome: str, expected: str | None = None) -> PhaseResult:
    return PhaseResult(when=when, outcome=outcome, duration_s=0.0, expected=expected)


#: name → (when, pytest's outcome, reason of an xfail mark) of each phase → the test's outcome
DECISIONS = {
    "all passed": ([(SETUP, "passed"), (CALL, "passed"), (TEARDOWN, "passed")], "passed"),
    "failed call": ([(SETUP, "passed"), (CALL, "failed"), (TEARDOWN, "passed")], "failed"),
    "failed set-up": ([(SETUP, "failed"), (TEARDOWN, "passed")], "error"),
    "failed teardown": ([(SETUP, "passed"), (CALL, "passed"), (TEARDOWN, "failed")], "error"),
    "call and teardown": ([(SETUP, "passed"), (CALL, "failed"), (TEARDOWN, "failed")], "failed"),
    "skipped by mark": ([(SETUP, "skipped"), (TEARDOWN, "passed")], "skipped"),
    "skipped in call": ([(SETUP, "passed"), (CALL, "skipped"), (TEARDOWN, "passed")], "skipped"),
    "skipped, bad teardown": ([(SETUP, "skipped"), (TEARDOWN, "failed")], "error"),
    "xfail": ([(SETUP, "passed"), (CALL, "skipped", "bug"), (TEARDOWN, "passed")], "xfailed"),
    "xfail without reason": ([(SETUP, "passed"), (CALL, "skipped", "")], "xfailed"),
    "xfail in set-up": ([(SETUP, "skipped", "bug"), (TEARDOWN, "passed")], "xfailed"),
    "xfail, bad teardown": ([(CALL, "skipped", "bug"), (TEARDOWN, "failed")], "error"),
    "xpass": ([(SETUP, "passed"), (CALL, "passed", "bug"), (TEARDOWN, "passed")], "xpassed"),
    "strict xpass": ([(SETUP, "passed"), (CALL, "failed"), (TEARDOWN, "passed")], "failed"),
    "xpass, bad teardown": ([(CALL, "passed", "bug"), (TEARDOWN, "failed")], "error"),
    "plugin error": ([(SETUP, "passed"), (CALL, "error")], "error"),
    "error in set-up": ([(SETUP, "error")], "error"),
    "failed, then plugin": ([(CALL, "failed"), (CALL, "error")], "failed"),
    "a subtest failed": ([(CALL, "failed"), (CALL, "passed")], "failed"),
    "file not collected": ([(COLLECT, "failed")], "error"),
    "module skipped": ([(COLLECT, "skipped")], "skipped"),
    "nothing ran": ([], "not_run"),
}


@pytest.mark.parametrize("case", DECISIONS)
def test_phases_fold_into_one_outcome(case):
    phases, outcome = DECISIONS[case]
    assert fold_outcome([phase(*found) for found in phases]).value == outcome


PHASES = st.builds(
    phase,
    st.sampled_from(When),
    st.sampled_from(["passed", "failed", "skipped", "error"]),
    st.none() | st.just("bug"),
)


@given(st.lists(PHASES, max_size=4), st.randoms())
def test_r5_the_worst_phase_decides_whatever_the_order(phases, random):
    alone = [fold_outcome([item]) for item in phases]
    order = list(Outcome)
    worst = min(alone, key=order.index, default=Outcome.NOT_RUN)
    shuffled = random.sample(phases, len(phases))
    assert fold_outcome(shuffled) is worst


def test_a_failed_phase_never_ends_in_a_good_outcome():
    for when, expected in itertools.product(When, [None, "bug"]):
        assert fold_outcome([phase(when, "failed", expected), phase(CALL, "passed")]).is_bad


def test_outcomes_are_bad_executed_or_neither():
    assert {o.value for o in Outcome if o.is_bad} == {"crashed", "timed_out", "failed", "error"}
    assert {o.value for o in Outcome if not o.is_executed} == {"not_run", "skipped"}


def test_the_password_of_an_endpoint_stays_out_of_its_repr():
    endpoint = Endpoint(host="h", port=1, user="u", password="hunter22")
    assert "hunter22" not in repr(endpoint)
    assert endpoint.address == "h:1"
