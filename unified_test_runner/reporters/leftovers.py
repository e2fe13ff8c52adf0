"""Leaks by the test that they belong to, for every report alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unified_test_runner.events import LeakFound
    from unified_test_runner.report import RunReport

#: Node id and which one of that name.
LeakKey = tuple[str, int]


def leaks_by_test(
    report: RunReport, *, is_failing: bool = False
) -> Mapping[LeakKey, list[LeakFound]]:
    """Return what each test left behind; with `is_failing` only what fails the run."""
    found: dict[LeakKey, list[LeakFound]] = {}
    for leak in report.leaks:
        if leak.is_failing or not is_failing:
            found.setdefault((leak.nodeid, leak.occurrence), []).append(leak)
    return found
