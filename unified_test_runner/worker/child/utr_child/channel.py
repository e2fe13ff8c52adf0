"""A worker's end of its socketpair. Raw descriptors only.

A file object of ours that a test's garbage collection closed would be a warning in the
user's test, an error under `filterwarnings = error`.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select

from . import wire

#: Descriptors of ours start here, out of the way of tests that count or close low ones.
HIGH_DESCRIPTOR = 500


def move_high(fd: int) -> int:
    """Return a close-on-exec duplicate of `fd` on a high number; closes `fd`."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    floor = HIGH_DESCRIPTOR if soft > HIGH_DESCRIPTOR + 16 or soft < 0 else max(soft - 16, 3)
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, floor)
    os.close(fd)
    return high


class Channel:
    """Sends and receives messages.

    `send` only collects; `flush` writes. A test's start goes out in the same write as the end
    of the test before it, so an ordinary test costs one system call.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._owner = os.getpid()
        self._outgoing: list[bytes] = []
        self._incoming = b""

    def send(self, kind: str, /, **fields: object) -> None:
        """Add a message to the next write."""
        self._outgoing.append(wire.encode({"k": kind, "p": os.getpid(), **fields}))

    def flush(self) -> None:
        """Write everything collected. The runner being gone ends this process."""
        data = memoryview(b"".join(self._outgoing))
        self._outgoing.clear()
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except (BrokenPipeError, ConnectionResetError):
            os._exit(70)

    def receive(self) -> dict[str, object]:
        """Wait for the next message. The runner being gone ends this process.

        A copy of this process that a test has forked, and that came back from the test, ends
        here: it must not take messages that are meant for the worker.
        """
        self.flush()
        if os.getpid() != self._owner:
            os._exit(70)
        while b"\n" not in self._incoming:
            self._read()
        line, _, self._incoming = self._incoming.partition(b"\n")
        return wire.decode(line)

    def poll(self) -> dict[str, object] | None:
        """Return the next message if one has arrived, without waiting."""
        if b"\n" not in self._incoming and os.getpid() == self._owner:
            readable, _, _ = select.select([self._fd], [], [], 0)
            if not readable:
                return None
        return self.receive()

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            os._exit(70)
        self._incoming += data
