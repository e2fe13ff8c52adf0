from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.ddmin import minimise


class Asked:
    """Shows it whenever one of `causes` is there as a whole; counts."""

    def __init__(self, *causes: set[int]) -> None:
        self.causes = causes
        self.questions: list[tuple[int, ...]] = []

    def __call__(self, items: tuple[int, ...]) -> bool:
        self.questions.append(items)
        return any(cause <= {*items} for cause in self.causes)


SIZES = st.integers(1, 40)


@given(st.data(), SIZES)
def test_the_one_cause_is_found_whatever_it_is(data, size):
    cause = data.draw(st.sets(st.integers(0, size - 1), min_size=1))
    shows = Asked(cause)
    assert minimise(range(size), shows) == tuple(sorted(cause))


@given(st.data(), SIZES)
def test_what_is_found_lacks_nothing_and_has_nothing_to_spare(data, size):
    subsets = st.sets(st.integers(0, size - 1), min_size=1)
    causes = data.draw(st.lists(subsets, min_size=1, max_size=4))
    shows = Asked(*causes)
    found = minimise(range(size), shows)
    assert list(found) == sorted(found)
    assert shows(found)
    if len(found) > 1:
        assert not any(shows(rest) for rest in combinations(found, len(found) - 1))


@given(st.data(), st.integers(1, 12))
def test_answers_without_any_rule_still_end_where_nothing_can_be_left_out(data, size):
    """What shows it need not be monotonous: more of the sequence may hide it again."""
    answers: dict[tuple[int, ...], bool] = {}

    def shows(items: tuple[int, ...]) -> bool:
        assert items not in answers, "asked twice"
        answers[items] = data.draw(st.booleans())
        return answers[items]

    found = minimise(range(size), shows)
    assert found
    assert len(found) == size or answers[found]
    if len(found) > 1:
        assert not any(answers[rest] for rest in combinations(found, len(found) - 1))


@pytest.mark.parametrize("size", [1, 2, 100, 1000])
@pytest.mark.parametrize("at", [0.0, 0.4, 1.0])
def test_a_single_cause_takes_as_many_questions_as_halving(size, at):
    shows = Asked({round(at * (size - 1))})
    minimise(range(size), shows)
    assert len(shows.questions) <= 2 * math.ceil(math.log2(size) + 1)


def test_neither_all_nor_none_is_asked_about():
    shows = Asked({3}, {5})
    minimise(range(8), shows)
    assert () not in shows.questions
    assert tuple(range(8)) not in shows.questions


def test_equal_items_are_told_apart_by_their_place():
    assert minimise("abab", lambda items: items.count("a") == 2) == ("a", "a")


def test_nothing_has_no_smaller_part():
    assert minimise([], Asked()) == ()
