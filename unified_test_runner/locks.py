"""What must not run at the same time: files with a lock in common, and serial ones with anything.

Pure; used by the scheduler. A lock is held by a file from its first test to its last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unified_test_runner.steps import UnitPlan


def is_free(unit: UnitPlan, busy: Iterable[UnitPlan]) -> bool:
    """Whether a unit may run beside those that are `busy`."""
    return all(_may_meet(unit, other) for other in busy)


def _may_meet(one: UnitPlan, other: UnitPlan) -> bool:
    if one.is_serial or other.is_serial:
        return False
    return one.locks.isdisjoint(other.locks)
