"""How much of the project's code the tests ran."""

from __future__ import annotations

from typing import ClassVar

from unified_test_runner.events.base import Event
from unified_test_runner.light import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Counts of one file, or of all together. `percent` is what coverage itself computes.

    `partial` are branches of which one way only was taken; both branch counts are 0 where
    branches were not measured.
    """

    percent: float
    statements: int
    missing: int
    branches: int = 0
    partial: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCovered:
    """A measured file. `missing_lines` is like `3-5, 9`."""

    path: str
    counts: Covered
    missing_lines: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageMeasured(Event):
    """The data of all workers was combined into `data_file`.

    `minimum` is the percentage that was wanted, if any; `is_below`: it was not reached.
    `excuse` says why that is not held against the run; empty where it is. `lost_workers` died
    before they had written their data. `written` are further reports that were asked for.
    """

    kind: ClassVar[str] = "coverage_measured"
    total: Covered
    files: tuple[FileCovered, ...] = ()
    data_file: str = ""
    precision: int = 0
    minimum: float | None = None
    is_below: bool = False
    excuse: str = ""
    lost_workers: int = 0
    written: tuple[str, ...] = ()
