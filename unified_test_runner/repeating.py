"""Counts the repetitions of a run. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unified_test_runner.steps import UnitPlan


class Repetitions:
    """Which repetition of its files a run has come to.

    Args:
        wanted: how many there are to be; 0 means no end.
    """

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._current = 1

    def begin_next(self) -> bool:
        """Begin another repetition; returns whether there is one."""
        if self._wanted and self._current >= self._wanted:
            return False
        self._current += 1
        return True

    def plans(self, units: Iterable[UnitPlan]) -> tuple[UnitPlan, ...]:
        """Return units as they are to be run in this repetition."""
        return tuple(dataclasses.replace(unit, repetition=self._current) for unit in units)
