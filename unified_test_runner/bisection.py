"""Which earlier tests change how a test ends: what is tried, and what follows. Runs nothing.

A trial runs some of the tests that ran before it, and then the test itself, in one fresh
worker. A test that ends well alone is looked at for what makes it fail; one that fails alone,
for what makes it pass.
"""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.ddmin import minimise
from unified_test_runner.verdict import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from unified_test_runner.sightings import Sighting, Step


class Answer(enum.Enum):
    """What a search comes to."""

    FOUND = enum.auto()  #: the smallest set of earlier tests that changes how the test ends
    ALONE = enum.auto()  #: it fails alone, and nothing is known after which it passes
    UNCHANGED = enum.auto()  #: it ends after all of them as it does alone
    CUT = enum.auto()  #: the bound on trials came first; the set is the smallest so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the earlier tests come from: `steps` in their order, `text` for people."""

    steps: tuple[Step, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The answer: the test ends `alone` so, and `after` the steps so."""

    answer: Answer
    alone: Sighting
    after: Sighting | None = None
    steps: tuple[Step, ...] = ()
    tried: int = 0


class TrialsUsedUp(Exception):  # noqa: N818 - a fact, not a fault
    """The bound on trials is reached."""


class Bisection:
    """One search.

    Args:
        attempt: runs steps and then the test; returns how it ended, None when it did not run
            or not in the worker of the steps.
        sources: given whether the test fails alone, returns the earlier tests to look among,
            None where none are known.
    """

    def __init__(
        self,
        attempt: Callable[[Sequence[Step]], Sighting | None],
        sources: Callable[[bool], Source | None],
    ) -> None:
        self._attempt = attempt
        self._sources = sources
        #: The smallest set that was found so far, and how the test ended after it.
        self.best: tuple[tuple[Step, ...], Sighting] | None = None
        self._is_bad_alone = False

    def run(self, alone: Sighting) -> Conclusion:
        """Search, once it is known how the test ends alone."""
        self._is_bad_alone = alone.outcome.is_bad
        source = self._sources(self._is_bad_alone)
        if source is None:
            answer = Answer.ALONE if self._is_bad_alone else Answer.UNCHANGED
            return Conclusion(answer=answer, alone=alone)
        try:
            if not self._shows(source.steps):
                return Conclusion(answer=Answer.UNCHANGED, alone=alone, tried=len(source.steps))
            self._reduce(source.steps)
            answer = Answer.FOUND
        except TrialsUsedUp:
            answer = Answer.CUT
        steps, after = self.best or ((), None)
        return Conclusion(
            answer=answer, alone=alone, after=after, steps=steps, tried=len(source.steps)
        )

    def _reduce(self, steps: tuple[Step, ...]) -> None:
        """Leave out files first, which is quick, and then tests."""
        files = [tuple(group) for _, group in itertools.groupby(steps, key=lambda step: step.key)]
        kept = minimise(files, lambda some: self._shows(tuple(itertools.chain(*some))))
        minimise(tuple(itertools.chain(*kept)), self._shows)

    def _shows(self, steps: tuple[Step, ...]) -> bool:
        """Whether the test ends otherwise than alone after these."""
        sighting = self._attempt(steps)
        if sighting is None or not self._differs(sighting):
            return False
        self.best = (steps, sighting)
        return True

    def _differs(self, sighting: Sighting) -> bool:
        if self._is_bad_alone:
            return sighting.outcome.is_executed and not sighting.outcome.is_bad
        return sighting.outcome.is_bad


def describe_steps(steps: Sequence[Step]) -> str:
    """Say how many tests of how many files these are."""
    tests = sum(bool(step.test) for step in steps)
    files = len({step.key.path for step in steps})
    if not tests:
        return f"{counted(files, 'file')} without a test that ran"
    return f"{counted(tests, 'test')} of {counted(files, 'file')}"


def arguments_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """Return steps as arguments of a command line, from the project root."""
    return tuple(dict.fromkeys(step.nodeid for step in steps))
