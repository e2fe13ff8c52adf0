"""The parent's typed view of what templates and workers send. The format itself is `wire`."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unified_test_runner.codec import from_plain
from unified_test_runner.errors import ProtocolError
from unified_test_runner.model import PhaseResult, UnitKey, When
from unified_test_runner.worker.child.utr_child import wire

if TYPE_CHECKING:
    from collections.abc import Mapping


_PHASES = (When.SETUP, When.CALL, When.TEARDOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Base of all messages. `pid` is the process that wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateHello(Message):
    """The template has imported pytest."""

    version: int
    pid: int
    python: str
    pytest: str


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
class Walked(Message):
    """The directory walk is done. `units` are (path, collector, ordinal)."""

    units: tuple[tuple[str, str, int], ...]
    startup_s: float

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
class UnitStarted(Message):
    """The worker begins to collect the unit handed out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCollected(Message):
    """The node ids of the unit's tests, in the order in which they will run."""

    ids: tuple[str, ...]
    deselected: int
    duration_s: float


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
class TestEnded(Message):
    """The running test is over.

    `passed` are the seconds of set-up, call and teardown of a test that passed without a word,
    as most do; `phases` is empty then.
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

    @property
    def all_phases(self) -> tuple[PhaseResult, ...]:
        """The phases of the test, however they were sent."""
        if self.passed is None:
            return self.phases
        return tuple(
            PhaseResult(when=when, outcome="passed", duration_s=duration_s)
            for when, duration_s in zip(_PHASES, self.passed, strict=True)
        )


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
    """Pytest wants to stop: `-x`, `--maxfail`, or a plugin's wish."""

    reason: str


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
    wire.WALKED: Walked,
    wire.ENTRY: EntryReported,
    wire.UNIT_UNKNOWN: UnitUnknown,
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
        plain: dict[str, Any] = wire.decode(line)
        cls = _TYPES[str(plain["k"])]
        return Received(pid=from_plain(int, plain.get("p", 0)), message=from_plain(cls, plain))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ProtocolError(f"{sender} sent what is no message: {error}: {line[:120]!r}") from error


#: Read at once: enough for the results of many small tests.
_CHUNK_BYTES = 1 << 18


class Incoming:
    """The reading end of a channel: whole messages, without waiting.

    Args:
        channel: a stream socket.
        sender: who writes on it, for errors.
    """

    def __init__(self, channel: socket.socket, sender: str) -> None:
        self._channel = channel
        self._sender = sender
        self._lines = LineBuffer()

    def receive(self) -> list[Received] | None:
        """Return what has arrived; None at end of file.

        Raises:
            ProtocolError: something that is no message.
        """
        try:
            data = self._channel.recv(_CHUNK_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except ConnectionResetError:
            data = b""
        if not data:
            return None
        return [parse(line, self._sender) for line in self._lines.feed(data)]


class LineBuffer:
    """Turns a stream of bytes into whole lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines
