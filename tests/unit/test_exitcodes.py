from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.exitcodes import EXIT_PRECEDENCE, ExitCode, strongest_exit

CODES = st.sampled_from(ExitCode)


def test_the_codes_are_those_that_are_documented():
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0, "TESTS_FAILED": 1, "INTERRUPTED": 2, "INTERNAL": 3, "USAGE": 4,
        "NOTHING_RAN": 5, "SERVICE": 10, "TIME_LIMIT": 11, "INCOMPLETE": 12, "GATE": 13,
    }  # fmt: skip


def test_the_order_is_the_documented_one_and_holds_every_code():
    assert [int(code) for code in EXIT_PRECEDENCE] == [3, 2, 4, 10, 1, 11, 12, 13, 5, 0]
    assert {*EXIT_PRECEDENCE} == {*ExitCode}


@pytest.mark.parametrize(
    ("held", "wins"),
    [
        ([], 0), ([0], 0), ([0, 5], 5), ([1, 5], 1), ([1, 10], 10), ([1, 2, 10], 2),
        ([2, 3], 3), ([13, 12], 12), ([11, 1], 1), ([4, 10], 4), ([5, 13], 13),
    ],
)  # fmt: skip
def test_the_strongest_code_wins(held, wins):
    assert strongest_exit(map(ExitCode, held)) == wins


@given(st.lists(CODES, min_size=1), st.lists(CODES, min_size=1))
def test_codes_of_parts_combine_to_the_code_of_the_whole(some, others):
    whole = strongest_exit(some + others)
    assert whole is strongest_exit([strongest_exit(others), strongest_exit(some)])
    assert whole in some + others
