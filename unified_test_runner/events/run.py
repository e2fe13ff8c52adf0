"""The run itself: its plan, its end, and what is said about it as a whole."""

from __future__ import annotations

from dataclasses import field
from typing import ClassVar

from unified_test_runner.events.base import Event
from unified_test_runner.light import dataclass
from unified_test_runner.model import ExitCode, WithheldSuite


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """The first event. `started_at` is the one wall-clock anchor, ISO 8601 in UTC.

    `flaky` is what tests that passed only on a retry come to: `report`, or `fail`.
    """

    kind: ClassVar[str] = "run_started"
    run_id: str
    started_at: str
    root: str
    run_dir: str
    argv: tuple[str, ...]
    version: str
    python: str
    platform: str
    workers: int
    catalogue: str | None = None
    flaky: str = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSuite:
    """A suite with at least one selected file. `reason` says why it was chosen."""

    name: str
    group: int
    files: int
    category: str | None = None
    services: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade(Event):
    """What will run. `selectors` are (option, value) pairs that must each lead to a test."""

    kind: ClassVar[str] = "plan_made"
    suites: tuple[PlannedSuite, ...]
    withheld: tuple[WithheldSuite, ...] = ()
    selectors: tuple[tuple[str, str], ...] = ()
    interpreter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGiven(Event):
    """Something the user should know that is no test outcome. `level`: info, warning, error."""

    kind: ClassVar[str] = "notice"
    level: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRaised(Event):
    """An error of the runner or of what it was given; makes the run end with `exit_code`."""

    kind: ClassVar[str] = "error_raised"
    message: str
    exit_code: ExitCode
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInterrupted(Event):
    """A signal asked the run to end. `is_draining`: running tests may still finish."""

    kind: ClassVar[str] = "run_interrupted"
    signal: str
    is_draining: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WallTime:
    """Where the wall time went, in seconds; the parts add up to the run's duration.

    `services`: nothing could run because services were starting. The rest is split by what
    the workers' slots did on average: start-up, collection, tests, idle.
    """

    services_s: float = 0.0
    startup_s: float = 0.0
    collection_s: float = 0.0
    tests_s: float = 0.0
    idle_s: float = 0.0
    shutdown_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """The last event."""

    kind: ClassVar[str] = "run_finished"
    exit_code: ExitCode
    duration_s: float
    wall: WallTime = field(default_factory=WallTime)
