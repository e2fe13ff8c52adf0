"""The reading end of a channel: whole messages, without waiting."""

from __future__ import annotations

import json
import socket

from unified_test_runner.worker.protocol import Received, parse, received

#: Read at once: enough for the results of many small tests.
_CHUNK_BYTES = 1 << 18


class Incoming:
    """Messages as they arrive.

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
        return messages(self._lines.feed(data), self._sender)


class LineBuffer:
    """Turns a stream of bytes into whole lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines


def messages(lines: list[bytes], sender: str) -> list[Received]:
    """Return the messages of whole lines.

    Raises:
        ProtocolError: one of them is no message.
    """
    try:
        # One call for all of them costs half of a call for each.
        plains = json.loads(b"[%b]" % b",".join(lines))
        if len(plains) == len(lines):
            return [received(plain) for plain in plains]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        pass  # told below, with the line
    return [parse(line, sender) for line in lines]
