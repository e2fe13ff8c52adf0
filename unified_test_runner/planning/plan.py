"""What a run is going to do, decided before anything starts. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.planning.recalling import Recalled

if TYPE_CHECKING:
    from pathlib import Path

    from unified_test_runner.model import ServiceSpec, ServiceUse, WithheldSuite


#: Time limit of a test where nothing else is said.
DEFAULT_TIMEOUT_S = 300.0
#: What it comes to when a test leaves something behind, where nothing else is said.
DEFAULT_LEAKS = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedUnit:
    """A test file that the static walk foresees.

    `path` is relative to the project root, with `/`. `reason` says which selector chose it.
    `keep_together` says what of it must stay on one worker. Units of a group that have the
    same `bundle`, if any, run on one worker, in order.
    """

    path: str
    suite: str
    size_bytes: int
    reason: str
    keep_together: str = "auto"
    locks: frozenset[str] = frozenset()
    is_serial: bool = False
    bundle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSuite:
    """A suite with at least one selected file, and its settings.

    `paths` are its folders and files from the project root (`.`: everything). `is_whole`:
    every file in them was selected, so that one the static walk missed belongs to it too.
    `timeout_s` is the time limit of each test, set-up to teardown, and of each import;
    `retries` is how often a failed test is run again. `leaks`
    is what tests that leave something behind come to: `report`, `fail` or `off`. A worker that
    uses more than `memory_bytes` is ended, one above `recycle_bytes` after a file is replaced;
    None: whatever it uses.
    """

    name: str
    category: str | None
    services: tuple[ServiceUse, ...]
    units: tuple[PlannedUnit, ...]
    reason: str
    paths: tuple[str, ...] = ()
    is_whole: bool = False
    timeout_s: float = DEFAULT_TIMEOUT_S
    retries: int = 0
    leaks: str = DEFAULT_LEAKS
    memory_bytes: int | None = None
    recycle_bytes: int | None = None
    keep_together: str = "auto"
    locks: frozenset[str] = frozenset()
    is_serial: bool = False

    @property
    def bundle(self) -> str:
        """The bundle that all its units belong to, if any."""
        return f"suite {self.name}" if self.keep_together == "suite" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Suites whose tests may share one worker.

    `arguments` is the whole pytest command line of its workers: options, then paths.
    `node_patterns` are regular expressions over node ids: of a unit in `filtered` only tests
    that one of them matches in full are run; every other unit is taken whole. `node_ids` are
    node ids given as arguments: where a unit's path has some, only these tests, with
    everything below them, are run. `collect`: `lazy` collects files as they are handed out,
    `whole` all of them at once in each worker, `auto` leaves it to the plugins found there.
    """

    index: int
    suites: tuple[PlannedSuite, ...]
    arguments: tuple[str, ...]
    interpreter: str
    env: tuple[tuple[str, str], ...] = ()
    services: tuple[ServiceUse, ...] = ()
    filtered: frozenset[str] = frozenset()
    node_patterns: tuple[str, ...] = ()
    node_ids: tuple[str, ...] = ()
    collect: str = "auto"

    @property
    def units(self) -> tuple[PlannedUnit, ...]:
        """Every unit, in natural order."""
        return tuple(unit for suite in self.suites for unit in suite.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole run.

    `services` are the specs the groups need, each after those it needs itself. `scrubbed`
    are variables that no worker inherits, because a declared service provides them or a
    client of its kind would read them. `selectors` are (option, value) pairs each of which
    must lead to an executed test. `notices` is what planning came upon that the user should
    know, e.g. a folder that cannot be read. `preload` are packages that templates may import
    ahead of their workers, `*` for every one that is found fit. `recalled` are tests
    that failed last time, with what to do about them.
    """

    root: Path
    catalogue: str | None
    groups: tuple[Group, ...]
    withheld: tuple[WithheldSuite, ...] = ()
    services: tuple[ServiceSpec, ...] = ()
    scrubbed: frozenset[str] = frozenset()
    selectors: tuple[tuple[str, str], ...] = ()
    workers: int = 1
    workers_reason: str = ""
    notices: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    recalled: Recalled = field(default_factory=Recalled)

    @property
    def units(self) -> tuple[PlannedUnit, ...]:
        """Every unit of every group."""
        return tuple(unit for group in self.groups for unit in group.units)
