from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.bisection import (
    Answer,
    Bisection,
    Conclusion,
    Source,
    TrialsUsedUp,
    arguments_of,
    describe_steps,
)
from unified_test_runner.model import Outcome, UnitKey
from unified_test_runner.sightings import Sighting, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def step(path: str, test: str = "") -> Step:
    return Step(key=UnitKey(path=path), test=test)


def ended(outcome: Outcome) -> Sighting:
    return Sighting(step=step("z", "t"), outcome=outcome, message="", before=(), is_first=True)


PASSED, FAILED = ended(Outcome.PASSED), ended(Outcome.FAILED)
STEPS = tuple(step(f"f{n // 4}", f"t{n}") for n in range(12))


def search(
    rule: Callable[[Sequence[Step]], Sighting | None],
    alone: Sighting = PASSED,
    steps: tuple[Step, ...] | None = STEPS,
    bound: int = 1000,
) -> Conclusion:
    trials: list[Sequence[Step]] = []

    def attempt(chosen: Sequence[Step]) -> Sighting | None:
        if len(trials) >= bound:
            raise TrialsUsedUp
        trials.append(chosen)
        return rule(chosen)

    def source(is_bad_alone: bool) -> Source | None:
        assert is_bad_alone == alone.outcome.is_bad
        return None if steps is None else Source(steps=steps, text="")

    return Bisection(attempt, source).run(alone)


def needs(*places: int, outcome: Outcome = Outcome.FAILED, otherwise: Sighting = PASSED):
    wanted = {STEPS[place] for place in places}
    return lambda steps: ended(outcome) if wanted <= {*steps} else otherwise


@given(st.sets(st.integers(0, len(STEPS) - 1), min_size=1, max_size=4))
def test_the_tests_that_are_needed_together_are_found(places):
    found = search(needs(*places))
    assert found.answer is Answer.FOUND
    assert found.steps == tuple(STEPS[place] for place in sorted(places))
    assert (found.alone, found.after, found.tried) == (PASSED, FAILED, len(STEPS))


@pytest.mark.parametrize(
    "outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.CRASHED, Outcome.TIMED_OUT]
)
def test_every_bad_outcome_counts(outcome):
    assert search(needs(5, outcome=outcome)).steps == (STEPS[5],)


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.XFAILED, Outcome.XPASSED])
def test_no_other_outcome_does(outcome):
    assert search(needs(5, outcome=outcome)).answer is Answer.UNCHANGED


def test_what_makes_it_pass_is_found_the_same_way():
    found = search(needs(2, 9, outcome=Outcome.PASSED, otherwise=FAILED), alone=FAILED)
    assert (found.answer, found.steps) == (Answer.FOUND, (STEPS[2], STEPS[9]))


def test_to_be_skipped_is_not_to_pass():
    found = search(needs(2, outcome=Outcome.SKIPPED, otherwise=FAILED), alone=FAILED)
    assert found.answer is Answer.UNCHANGED


def test_a_trial_without_a_result_shows_nothing():
    """As where a test dies that lacks what ran before it."""
    found = search(lambda steps: FAILED if {STEPS[3], STEPS[4]} <= {*steps} else None)
    assert found.steps == (STEPS[3], STEPS[4])


def test_what_ends_after_all_as_it_does_alone_is_unchanged():
    found = search(lambda _: PASSED)
    assert (found.answer, found.steps, found.after) == (Answer.UNCHANGED, (), None)


@pytest.mark.parametrize(("alone", "answer"), [(FAILED, Answer.ALONE), (PASSED, Answer.UNCHANGED)])
def test_without_any_earlier_test_nothing_is_tried(alone, answer):
    assert search(lambda _: pytest.fail("tried"), alone, None).answer is answer


@pytest.mark.parametrize("bound", range(12))
def test_the_bound_leaves_the_smallest_so_far(bound):
    found = search(needs(0, 6, 11), bound=bound)
    assert found.answer is Answer.CUT
    if bound:
        assert {STEPS[0], STEPS[6], STEPS[11]} <= {*found.steps}
        assert found.after == FAILED
    else:
        assert (found.steps, found.after) == ((), None)


def test_a_file_without_a_test_can_be_the_reason():
    steps = (step("a", "t"), step("empty"), step("b", "t"))
    found = search(lambda some: FAILED if step("empty") in some else PASSED, steps=steps)
    assert found.steps == (step("empty"),)


def test_steps_are_counted_and_named():
    assert describe_steps(STEPS) == "12 tests of 3 files"
    assert describe_steps([step("a")]) == "1 file without a test that ran"
    assert arguments_of((step("a"), step("b", "t"), step("b", "t"))) == ("a", "b::t")
