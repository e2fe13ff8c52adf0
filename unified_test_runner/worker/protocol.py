"""The parent's typed view of what templates and workers send. The format itself is `wire`."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the codec reads annotations
from dataclasses import field
from typing import Any

from unified_test_runner.codec import from_plain
from unified_test_runner.errors import ProtocolError
from unified_test_runner.light import dataclass
from unified_test_runner.model import Measured, PhaseResult, UnitKey, passed_phases
from unified_test_runner.worker.child.utr_child import wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Base of all messages. `pid` is the process that wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateHello(Message):
    """The template can start workers; `start` says how (`fork` or `spawn`), `reason` why.

    `preloaded` are the modules it has imported ahead, `refused` those it found unfit for that.
    """

    version: int
    pid: int
    python: str
    pytest: str
    start: str = "fork"
    reason: str = ""
    preloaded: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked(Message):
    """A worker process exists."""

    worker: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exited(Message):
    """A worker was reaped; `status` is negative for a signal."""

    pid: int
    status: int
    cpu_s: float
    peak_rss_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(Message):
    """The worker is alive and about to configure pytest."""

    version: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureFailed(Message):
    """Pytest could not be configured: a usage error, a broken conftest or plugin."""

    is_usage: bool
    text: str
    message: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit(Message):
    """A module loaded ahead is not what this worker would have loaded; it ends, without a test."""

    module: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked(Message):
    """The directory walk is done. `units` are (path, collector, ordinal).

    `notes` are (level, message) pairs about pytest's plugins and their options. `modules` are
    (name, file) of what was loaded by then, where it was asked for. `is_live`: what its tests
    print reaches its output file, to be shown as it comes.
    """

    units: tuple[tuple[str, str, int], ...]
    startup_s: float
    is_live: bool = False
    notes: tuple[tuple[str, str], ...] = ()
    modules: tuple[tuple[str, str], ...] = ()

    @property
    def keys(self) -> tuple[UnitKey, ...]:
        """The units as keys, in pytest's order."""
        return tuple(UnitKey(path=p, collector=c, ordinal=o) for p, c, o in self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryReported(Message):
    """A collector that failed, or was skipped as a whole."""

    nodeid: str
    phase: PhaseResult


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitUnknown(Message):
    """The unit handed out does not exist in this worker's walk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDiffers(Message):
    """The worker finds other tests in the unit than were asked for; it runs none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given(Message):
    """The worker gives away its unit's tests from number `index` on."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Message):
    """The worker's unit cannot be divided, for the reason given."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitStarted(Message):
    """The worker begins to collect the unit handed out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCollected(Message):
    """The node ids of the unit's tests, in the order in which they will run.

    Of the tests from number `places_from` on it is said where each is written: its line, class
    and name, in the file at `path` from the project root. A test that will say so itself has
    a line below 0.
    """

    ids: tuple[str, ...]
    deselected: int
    duration_s: float
    path: str = ""
    places_from: int = 0
    lines: tuple[int, ...] = ()
    classnames: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def places(self, numbers: slice) -> tuple[tuple[int, ...], tuple[str, ...], tuple[str, ...]]:
        """Return the lines, classes and names of tests.

        Raises:
            ProtocolError: they were not told.
        """
        start, stop = numbers.start - self.places_from, numbers.stop - self.places_from
        lines = self.lines[start:stop] if start >= 0 else ()
        if len(lines) < stop - start or min(lines) < 0 or numbers.stop > len(self.ids):
            raise ProtocolError(
                f"a worker speaks of test {numbers.stop - 1} of {len(self.ids)}, unheard of"
            )
        return lines, self.classnames[start:stop], self.names[start:stop]

    def started(self, index: int, limit_s: float | None = None) -> TestStarted:
        """Return the start of a test of which only the number was sent.

        Raises:
            ProtocolError: the rest was not told.
        """
        (line,), (classname,), (name,) = self.places(slice(index, index + 1))
        return TestStarted(
            index=index,
            nodeid=self.ids[index],
            path=self.path,
            line=line,
            classname=classname,
            name=name,
            limit_s=limit_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TestStarted(Message):
    """Set-up of the test at `index` of the unit begins; `limit_s` is its own time limit."""

    __test__ = False
    index: int
    nodeid: str
    path: str
    line: int
    classname: str
    name: str
    limit_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestBegun(Message):
    """Set-up of the test at `index` begins, of which all else was told with its unit."""

    __test__ = False
    index: int
    limit_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestEnded(Message):
    """The running test is over.

    `passed` are the seconds of set-up, call and teardown of a test that passed without a word,
    as most do; `phases` is empty then. `output_at`: how long the worker's output file is where
    output is not captured, else None.
    """

    __test__ = False
    duration_s: float
    cpu_s: float
    rss_before_bytes: int
    rss_after_bytes: int
    peak_rss_bytes: int
    phases: tuple[PhaseResult, ...] = ()
    passed: tuple[float, float, float] | None = None
    properties: tuple[tuple[str, str], ...] = ()
    output_at: int | None = None

    @classmethod
    def of(cls, measured: Measured) -> TestEnded:
        """Return the end of a test that passed without a word."""
        duration_s, cpu_s, before, after, peak, *passed = measured
        setup_s, call_s, teardown_s = passed
        return cls(
            duration_s=duration_s,
            cpu_s=cpu_s,
            rss_before_bytes=before,
            rss_after_bytes=after,
            peak_rss_bytes=peak,
            passed=(setup_s, call_s, teardown_s),
        )

    @property
    def all_phases(self) -> tuple[PhaseResult, ...]:
        """The phases of the test, however they were sent."""
        return self.phases if self.passed is None else passed_phases(self.passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsPassed(Message):
    """Tests of a unit that began and passed one after the other, with nothing in between.

    They are numbered from `first` on, which had begun before. Then `following` began, if any.
    """

    __test__ = False
    first: int
    measured: tuple[Measured, ...]
    following: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LateError(Message):
    """A fixture failed to tear down after its last test had ended."""

    nodeid: str
    phase: PhaseResult


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEnded(Message):
    """The worker is done with the unit; `ran` of its tests are behind it."""

    ran: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningSent(Message):
    """A warning that pytest recorded."""

    message: str
    category: str
    nodeid: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakSent(Message):
    """Something that a test left behind, `count` times alike; `pid` is that of a process."""

    nodeid: str
    resource: str
    what: str
    count: int = 1
    pid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Message):
    """Pytest wants to stop: `-x`, `--maxfail`, a plugin's wish, or whoever leaves a debugger.

    `is_interrupt`: it was Ctrl-C, which while debugging only the worker hears.
    """

    reason: str
    is_interrupt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginsTold(Message):
    """What plugins wrote; `where`: the `header` or the `summary` of the session."""

    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Message):
    """The session has ended in order; the interpreter's own end is still to come."""

    rss_bytes: int


_TYPES: Mapping[str, type[Message]] = {
    wire.TEMPLATE_HELLO: TemplateHello,
    wire.FORKED: Forked,
    wire.EXITED: Exited,
    wire.HELLO: Hello,
    wire.CONFIGURE_FAILED: ConfigureFailed,
    wire.MISFIT: Misfit,
    wire.WALKED: Walked,
    wire.ENTRY: EntryReported,
    wire.UNIT_UNKNOWN: UnitUnknown,
    wire.UNIT_DIFFERS: UnitDiffers,
    wire.GIVEN: Given,
    wire.KEPT: Kept,
    wire.UNIT_STARTED: UnitStarted,
    wire.UNIT_COLLECTED: UnitCollected,
    wire.TEST_STARTED: TestStarted,
    wire.TEST_ENDED: TestEnded,
    wire.LATE_ERROR: LateError,
    wire.UNIT_ENDED: UnitEnded,
    wire.WARNING: WarningSent,
    wire.LEAK: LeakSent,
    wire.STOPPED: Stopped,
    wire.FINISHED: Finished,
    wire.PLUGINS_TOLD: PluginsTold,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message with the pid of its writer (0 where a template wrote it)."""

    pid: int
    message: Message


def parse(line: bytes, sender: str) -> Received:
    """Return the message of one line.

    Args:
        line: what was read, without the newline.
        sender: who wrote it, for the error.

    Raises:
        ProtocolError: it cannot be understood.
    """
    try:
        return received(wire.decode(line))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ProtocolError(f"{sender} sent what is no message: {error}: {line[:120]!r}") from error


def received(plain: Mapping[str, Any]) -> Received:
    """Return the message of one decoded object.

    Raises:
        KeyError, TypeError, ValueError, RecursionError: it is none.
    """
    message = from_plain(_TYPES[str(plain["k"])], plain)
    return Received(pid=from_plain(int, plain.get("p", 0)), message=message)
