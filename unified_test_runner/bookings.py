"""What is known of a test that has begun, and of a file in which no test could begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unified_test_runner.steps import UnitPlan
    from unified_test_runner.worker import protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What a worker was at when a collector failed: a unit, unless it was still walking."""

    suite: str
    path: str
    unit: UnitPlan | None = None


@dataclass(slots=True)
class Booked:
    """A test that has begun."""

    message: protocol.TestStarted
    unit: UnitPlan
    occurrence: int
    since: float
    is_announced: bool = False
    is_rerun: bool = False
    is_in_order: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it is the first of its name, runs for the first time and was not announced."""
        is_first = not (self.occurrence or self.unit.is_extra or self.is_rerun)
        return is_first and not self.is_announced

    @property
    def is_context(self) -> bool:
        """Whether it runs only to come before another one."""
        return self.is_rerun and not self.is_in_order

    @property
    def attempt(self) -> int:
        """Which run of the test it is."""
        return self.unit.again.attempt if self.unit.again else 1 + self.is_rerun
