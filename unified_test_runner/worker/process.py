"""The parent's side of one worker: its channel, its pid once known, and how it is killed."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from unified_test_runner.worker.child.utr_child import wire
from unified_test_runner.worker.incoming import Incoming

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from unified_test_runner.steps import Assign
    from unified_test_runner.worker.protocol import Message

#: Makes a worker write the stacks of all its threads. One that tests hardly ever use.
STACK_SIGNAL: int = signal.SIGRTMIN + 7 if hasattr(signal, "SIGRTMIN") else signal.SIGUSR2


class WorkerProcess:
    """A worker that was asked for. Messages from other pids are dropped and counted."""

    def __init__(self, *, worker: int, slot: int, group: int, channel: socket.socket) -> None:
        self.worker = worker
        self.slot = slot
        self.group = group
        self.pid: int | None = None
        self.foreign_pids: set[int] = set()
        self.is_closed = False
        self.was_killed = False
        self.is_at_end = False
        self._channel = channel
        self._incoming = Incoming(channel, f"worker {worker}")

    def fileno(self) -> int:
        """The channel, for selectors."""
        return self._channel.fileno()

    def receive(self) -> list[Message] | None:
        """Return what has arrived, without waiting; None at end of file.

        Raises:
            ProtocolError: something that is no message.
        """
        received = self._incoming.receive()
        if received is None:
            self.is_at_end = True
            return None
        if self.pid is None and received:
            # The first writer is the worker itself: it says hello before any test can fork.
            self.pid = received[0].pid
        own = self.pid
        self.foreign_pids.update(item.pid for item in received if item.pid != own)
        return [item.message for item in received if item.pid == own]

    def run(
        self,
        action: Assign,
        *,
        patterns: Sequence[str],
        ids: Sequence[str],
        recall: str = "",
        recalled: Sequence[str] = (),
    ) -> None:
        """Hand out a unit or a part of it; of its tests, those that `patterns` and `ids` take.

        Where the action names tests, the worker runs nothing unless it finds just these.
        `recalled` are those of its tests that failed last time, `recall` what to do about them.
        """
        key, again, expected = action.unit.key, action.unit.again, action.ids
        self._send(
            wire.RUN,
            unit=[key.path, key.collector, key.ordinal],
            start=action.start,
            stop=action.stop,
            expected=[len(expected), wire.checksum(expected)] if expected else None,
            patterns=list(patterns),
            ids=list(ids),
            recall=recall,
            recalled=list(recalled),
            only=(again.nodeid, again.nth) if again else None,
            is_repeated=action.is_repeated,
        )

    def steal(self, how: str) -> None:
        """Ask for half of what is left of its unit; `how` says where it may be divided."""
        self._send(wire.STEAL, how=how)

    def finish(self) -> None:
        """No more units: end the session in order."""
        self._send(wire.FINISH)

    def drain(self) -> None:
        """End the session after the running test."""
        self._send(wire.DRAIN)

    def _send(self, kind: str, **fields: object) -> None:
        # Its death is heard from the template.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._channel.sendall(wire.encode({"k": kind, **fields}))

    def kill(self) -> None:
        """Kill it and its process group."""
        self.was_killed = True
        if self.pid is None:
            return
        for send in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()
        self.is_closed = True
