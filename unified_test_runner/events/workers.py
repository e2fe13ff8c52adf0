"""What happens to templates, workers and the units they are given."""

from __future__ import annotations

from typing import ClassVar

from unified_test_runner.events.base import Event
from unified_test_runner.light import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateReady(Event):
    """The process that workers of a group come from is ready.

    `start` is how they come from it, `fork` or `spawn`, and `reason` why. `preloaded` are the
    modules that it has imported for all of them.
    """

    kind: ClassVar[str] = "template_ready"
    group: int
    pid: int
    startup_s: float
    python: str
    pytest: str
    start: str = "fork"
    reason: str = ""
    preloaded: tuple[str, ...] = ()


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
class PluginsTold(Event):
    """What plugins and conftests wrote about a worker's session.

    `where`: `header`, as the session began, or `summary`, when it had ended.
    """

    kind: ClassVar[str] = "plugins_told"
    worker: int
    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StacksShown(Event):
    """Somebody asked what a worker was doing (SIGUSR1): the stacks of its threads.

    `nodeid` is the running test, else the file in hand, else empty; `running_s` how long that
    has been so.
    """

    kind: ClassVar[str] = "stacks_shown"
    worker: int
    text: str
    nodeid: str = ""
    running_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitStarted(Event):
    """A worker took a file, or tests `start` until before `stop` (None: the end) of it.

    `collector` and `ordinal` tell file nodes of one path apart, e.g. a module and its doctests.
    `first` names the part through all hands it passes, by where it began; `giver` is the
    worker that gave it away just before. `is_rerun`: the file runs again, in order, because
    tests failed that ran apart from those before them. With an `attempt` above 1 one of its
    tests is run again.
    """

    kind: ClassVar[str] = "unit_started"
    worker: int
    path: str
    suite: str
    attempt: int = 1
    repetition: int = 1
    collector: str = "Module"
    ordinal: int = 0
    first: int = 0
    start: int = 0
    stop: int | None = None
    giver: int | None = None
    is_rerun: bool = False

    @property
    def is_extra(self) -> bool:
        """Whether it is a retry of one test, or a repetition of the file."""
        return self.attempt > 1 or self.repetition > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSplit(Event):
    """A worker gave away the tests of its part of a file from number `index` on."""

    kind: ClassVar[str] = "unit_split"
    worker: int
    path: str
    index: int


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
    """A worker is done with a file, or with the part of it that began at `first`."""

    kind: ClassVar[str] = "unit_finished"
    worker: int
    path: str
    first: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecycled(Event):
    """A worker used more than the bound after a file, so that it gets no other one."""

    kind: ClassVar[str] = "worker_recycled"
    worker: int
    path: str
    rss_bytes: int
    bound_bytes: int


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
