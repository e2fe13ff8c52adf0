"""A worker's end of its socketpair. Raw descriptors only.

A file object of ours that a test's garbage collection closed would be a warning in the
user's test, an error under `filterwarnings = error`.
"""

from __future__ import annotations

import contextlib
import fcntl
import select

from . import wire
from .originals import os, resource

#: What nobody waits for.
_UNHURRIED = frozenset({wire.UNIT_STARTED, wire.UNIT_COLLECTED, wire.TEST_STARTED})
#: The runner is woken after so many writes, however little they say: the socket holds a few
#: hundred small ones.
_WRITES_UNHEARD = 50
#: Descriptors of ours start here, beyond the numbers that a careless test closes or counts.
HIGH_DESCRIPTOR = 3000
_SPARE = 16


def move_high(fd: int) -> int:
    """Return a close-on-exec duplicate of `fd` on a high number; closes `fd`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = HIGH_DESCRIPTOR + _SPARE
    if 0 <= soft < wanted and (hard < 0 or hard >= wanted):
        # A descriptor stays open where the limit is lowered again below its number.
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    else:
        floor = HIGH_DESCRIPTOR if soft < 0 or soft >= wanted else max(soft - _SPARE, 3)
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, floor)
    os.close(fd)
    return high


def identity(fd: int) -> tuple[int, int]:
    """What a descriptor stands for; (-1, -1) when it is closed."""
    try:
        status = os.fstat(fd)
    except OSError:
        return -1, -1
    return status.st_dev, status.st_ino


class Channel:
    """Sends and receives messages.

    `send` only collects; `flush` writes. A test's start goes out in the same write as the end
    of the test before it, so an ordinary test costs one system call. The runner listens now
    and then; it is woken when it has something to do or to show.
    """

    def __init__(self, fd: int, bell_fd: int, worker: int) -> None:
        self._fd = fd
        self._ring_mark = bytes([wire.mark(worker)])
        self._bell_fd = bell_fd
        self._is_urgent = False
        self._unheard = 0
        self._identity = identity(fd)
        self._owner = os.getpid()
        self._outgoing: list[bytes] = []
        self._incoming = b""
        self._readable = select.poll()
        self._readable.register(fd, select.POLLIN)

    @property
    def is_owned(self) -> bool:
        """Whether this process is the worker itself and no copy that a test has forked."""
        return os.getpid() == self._owner

    def send(self, kind: str, /, **fields: object) -> None:
        """Add a message to the next write."""
        if kind not in _UNHURRIED and "passed" not in fields:
            self._is_urgent = True
        self._outgoing.append(wire.encode({"k": kind, "p": os.getpid(), **fields}))

    def send_line(self, line: bytes) -> None:
        """Add a line that nobody waits for to the next write."""
        self._outgoing.append(line)

    def replace_last(self, line: bytes, other: bytes) -> bool:
        """Put another line in the place of the one added last; returns whether it is that one."""
        is_last = bool(self._outgoing) and self._outgoing[-1] is line
        if is_last:
            self._outgoing[-1] = other
        return is_last

    def take_back(self) -> None:
        """Forget what was collected and not yet written."""
        self._outgoing.clear()

    def flush(self) -> None:
        """Write everything collected. The runner being gone ends this process.

        So does the loss of the channel: a test that closed it, or put another file in its
        place, is ended by the runner as crashed. A copy of this process that a test has
        forked, and that came back from the test, ends here as well.
        """
        data = memoryview(b"".join(self._outgoing))
        self._outgoing.clear()
        self._insist()
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except (BrokenPipeError, ConnectionResetError):
            os._exit(70)
        if not self.is_owned:
            os._exit(70)
        self._unheard += 1
        if self._is_urgent or self._unheard > _WRITES_UNHEARD:
            self._ring()

    def _ring(self) -> None:
        """Wake the runner. Where a test has closed the descriptor it hears a moment later."""
        self._is_urgent, self._unheard = False, 0
        with contextlib.suppress(OSError):
            os.write(self._bell_fd, self._ring_mark)

    def receive(self) -> dict[str, object]:
        """Wait for the next message. The runner being gone ends this process."""
        self.flush()
        while b"\n" not in self._incoming:
            self._read()
        line, _, self._incoming = self._incoming.partition(b"\n")
        return wire.decode(line)

    def poll(self) -> dict[str, object] | None:
        """Return the next message if one has arrived, without waiting."""
        if b"\n" not in self._incoming and (not self.is_owned or not self._readable.poll(0)):
            return None
        return self.receive()

    def _insist(self) -> None:
        if identity(self._fd) != self._identity:
            os._exit(wire.CHANNEL_LOST)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            os._exit(70)
        self._incoming += data
