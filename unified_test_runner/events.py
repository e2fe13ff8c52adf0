"""What happens during a run, as data: the one product every report is a replay of.

Events are past tense and frozen. A log line is the event's fields beside `v` (version of
this format), `seq` (1, 2, 3 …), `t_mono` (seconds since the run began, monotonic) and
`kind`. Readers ignore kinds and fields they do not know.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from unified_test_runner.codec import from_plain, to_plain
from unified_test_runner.model import (
    EntryKind,
    ExitCode,
    Outcome,
    PhaseResult,
    Provider,
    WithheldSuite,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events; `kind` names it in the log."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """The first event. `started_at` is the one wall-clock anchor, ISO 8601 in UTC."""

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
class ServiceStarting(Event):
    """A provider was chosen, for the reason given, and told to start a service."""

    kind: ClassVar[str] = "service_starting"
    service: str
    provider: Provider
    reason: str
    slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReady(Event):
    """The service answered its own protocol. `boot_s` counts from its start to that answer."""

    kind: ClassVar[str] = "service_ready"
    service: str
    provider: Provider
    reason: str
    version: str
    address: str
    boot_s: float
    slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFailed(Event):
    """A service could not be had, or died; `log_tail` are its last lines, oldest first."""

    kind: ClassVar[str] = "service_failed"
    service: str
    message: str
    hint: str = ""
    log_tail: tuple[str, ...] = ()
    slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStopped(Event):
    """A service that we started is gone."""

    kind: ClassVar[str] = "service_stopped"
    service: str
    duration_s: float
    peak_rss_bytes: int | None = None
    slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceOpened(Event):
    """A slot got its own database or instance of a service."""

    kind: ClassVar[str] = "namespace_opened"
    service: str
    slot: int
    name: str
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateReady(Event):
    """The process that workers of a group are forked from has imported pytest."""

    kind: ClassVar[str] = "template_ready"
    group: int
    pid: int
    startup_s: float
    python: str
    pytest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted(Event):
    """A worker process exists. `worker` is unique in the run, `slot` is reused."""

    kind: ClassVar[str] = "worker_started"
    worker: int
    slot: int
    group: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReady(Event):
    """A worker has configured pytest and walked the directories."""

    kind: ClassVar[str] = "worker_ready"
    worker: int
    startup_s: float
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastDiffered(Event):
    """The walk found other files than the plan foresaw."""

    kind: ClassVar[str] = "forecast_differed"
    group: int
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitStarted(Event):
    """A worker took a file."""

    kind: ClassVar[str] = "unit_started"
    worker: int
    path: str
    suite: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCollected(Event):
    """A file was imported and its tests are known."""

    kind: ClassVar[str] = "unit_collected"
    worker: int
    path: str
    suite: str
    tests: int
    deselected: int
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFinished(Event):
    """A worker is done with a file."""

    kind: ClassVar[str] = "unit_finished"
    worker: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestStarted(Event):
    """A test's set-up begins."""

    kind: ClassVar[str] = "test_started"
    __test__: ClassVar[bool] = False
    worker: int
    nodeid: str
    suite: str
    occurrence: int = 0
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFinished(Event):
    """An attempt ended. `kind` `file` entries use it too, with a single `collect` phase.

    `path` is relative to the project root, `line` counts from 1 (0: unknown). `reason` is one
    line: why it was skipped, crashed or never ran. `reproduce` is a command, set when the
    outcome is bad. Memory is the worker's resident set; `peak_rss_bytes` is how far its
    high-water mark stood after the test.
    """

    kind: ClassVar[str] = "test_finished"
    __test__: ClassVar[bool] = False
    worker: int
    nodeid: str
    suite: str
    outcome: Outcome
    duration_s: float
    phases: tuple[PhaseResult, ...] = ()
    entry: EntryKind = EntryKind.TEST
    category: str | None = None
    occurrence: int = 0
    attempt: int = 1
    path: str = ""
    line: int = 0
    classname: str = ""
    name: str = ""
    reason: str = ""
    reproduce: str = ""
    cpu_s: float = 0.0
    rss_before_bytes: int = 0
    rss_after_bytes: int = 0
    peak_rss_bytes: int = 0
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LateErrorRecorded(Event):
    """A fixture failed to tear down after its last test had ended; amends that test."""

    kind: ClassVar[str] = "late_error"
    worker: int
    nodeid: str
    phase: PhaseResult
    occurrence: int = 0
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRecorded(Event):
    """A warning that pytest would list in its summary."""

    kind: ClassVar[str] = "warning_recorded"
    worker: int
    message: str
    category: str
    nodeid: str = ""
    location: str = ""


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
class WorkerExited(Event):
    """A worker was reaped. `is_expected` is False when it died with work in hand.

    `fault` is set when it died, or had to be killed, at the end of its session: no test's
    outcome tells of it, and yet something that its tests started is wrong.
    `status` is its exit status, or the negated signal number. Times are sums over its life.
    """

    kind: ClassVar[str] = "worker_exited"
    worker: int
    slot: int
    status: int
    is_expected: bool
    cpu_s: float = 0.0
    peak_rss_bytes: int = 0
    idle_s: float = 0.0
    fault: str = ""


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


EVENT_TYPES: tuple[type[Event], ...] = (
    RunStarted, PlanMade, ServiceStarting, ServiceReady, ServiceFailed, ServiceStopped,
    NamespaceOpened, TemplateReady, WorkerStarted, WorkerReady, ForecastDiffered, UnitStarted,
    UnitCollected, UnitFinished, TestStarted, TestFinished, LateErrorRecorded, WarningRecorded,
    NoticeGiven, ErrorRaised, WorkerExited, RunInterrupted, RunFinished,
)  # fmt: skip
# Made once: `json.dumps` with options makes one for every call.
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_BY_KIND: Mapping[str, type[Event]] = {cls.kind: cls for cls in EVENT_TYPES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """An event with its place in the run. `t_mono`: seconds since the run began."""

    seq: int
    t_mono: float
    event: Event


def encode(stamped: Stamped) -> str:
    """Return one line of the log, without the newline; pure ASCII, so any reader can read it."""
    head = {"v": LOG_VERSION, "seq": stamped.seq, "t_mono": round(stamped.t_mono, 6)}
    return _ENCODER.encode({**head, "kind": stamped.event.kind, **to_plain(stamped.event)})


def decode(line: str) -> Stamped | None:
    """Return the event of one log line, or None for a kind this version does not know.

    Raises:
        ValueError: the line is no event of ours.
    """
    try:
        plain: Any = json.loads(line)
        cls = _BY_KIND.get(plain["kind"])
        if cls is None:
            return None
        seq, t_mono = from_plain(int, plain["seq"]), from_plain(float, plain["t_mono"])
        return Stamped(seq=seq, t_mono=t_mono, event=from_plain(cls, plain))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not an event: {error}: {line[:120]!r}") from error
