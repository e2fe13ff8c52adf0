"""What is asked of a run, before anything is looked up. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.planning.recalling import RecallRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from unified_test_runner.catalogue.content import Catalogue
    from unified_test_runner.planning.pytest_ini import PytestIni


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """The selectors and settings a plan is made from.

    `arguments` are paths and node ids relative to `cwd`. `pytest_args` is what stood behind
    `--`. `workers` None means as many as the catalogue, else `cpu_count` and `memory_bytes`
    (what new processes may use; None: unknown), say; `timeout_s` None leaves the time limit
    of tests to the catalogue, as `collect`, `preload` and `leaks` None leave theirs, and
    `retries` None how often a failed test is run again. `interpreters` are the programs that
    suites name in the catalogue, as written → as found; None: `interpreter` is for all. `ini`
    None: it is read from `root`.
    """

    root: Path
    cwd: Path
    interpreter: str
    catalogue: Catalogue | None = None
    categories: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    keyword: str = ""
    markexpr: str = ""
    deselect: tuple[str, ...] = ()
    pytest_args: tuple[str, ...] = ()
    real_services: bool = False
    workers: int | None = None
    timeout_s: float | None = None
    retries: int | None = None
    leaks: str | None = None
    collect: str | None = None
    cpu_count: int = 1
    ini: PytestIni | None = None
    recall: RecallRequest = field(default_factory=RecallRequest)
    memory_bytes: int | None = None
    preload: tuple[str, ...] | None = None
    interpreters: Mapping[str, str] | None = None
