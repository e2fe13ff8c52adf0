"""The reading end of a channel: whole messages, without waiting."""

from __future__ import annotations

import json
import socket
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from unified_test_runner.codec import from_plain
from unified_test_runner.errors import ProtocolError
from unified_test_runner.worker.child.utr_child import wire
from unified_test_runner.worker.protocol import (
    Received,
    TestBegun,
    TestsPassed,
    parse,
    received,
)

if TYPE_CHECKING:
    from unified_test_runner.model import Measured

#: Read at once: enough for the results of many small tests.
_CHUNK_BYTES = 1 << 18
#: Types of what is measured of a test that passed.
_TYPES = (float, float, int, int, int, float, float, float)
_NUMBER: Any = int | None
_LIMIT: Any = float | None
_NO_MESSAGE = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)


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
    """Return the messages of whole lines; tests that passed in a row make one together.

    Raises:
        ProtocolError: one of them is no message.
    """
    try:
        # One call for all of them costs half of a call for each.
        plains = json.loads(b"[%b]" % b",".join(lines))
        if len(plains) == len(lines):
            return _folded(plains)
    except _NO_MESSAGE:
        pass  # told below, with the line
    return [message for line in lines for message in _parsed(line, sender)]


def _parsed(line: bytes, sender: str) -> list[Received]:
    try:
        plain = json.loads(line)
        if type(plain) is list:
            return _folded([plain])
    except _NO_MESSAGE as error:
        raise ProtocolError(f"{sender} sent what is no message: {error}: {line[:120]!r}") from error
    return [parse(line, sender)]


def _folded(plains: list[Any]) -> list[Received]:
    fold = _Fold()
    for plain in plains:
        fold.add(plain)
    fold.settle()
    return fold.found


class _Fold:
    """Makes messages of decoded lines."""

    def __init__(self) -> None:
        self.found: list[Received] = []
        self._pid: Any = None
        self._first: Any = 0
        self._passes: list[Measured] = []
        self._following: Any = None

    def add(self, plain: Any) -> None:
        """Take the next line.

        Raises:
            AttributeError, IndexError, KeyError, TypeError, ValueError: it is no message.
        """
        if type(plain) is not list:
            self.settle()
            self.found.append(received(plain))
        elif len(plain) < wire.PASSED_ITEMS:
            self.settle()
            self.found.append(_begun(*plain))
        else:
            is_next = plain[:2] == [self._pid, self._first + len(self._passes)]
            if not is_next or plain[1] != self._following:
                self.settle()
                self._pid, self._first = plain[:2]
            self._passes.append(_measured(plain[2 : wire.PASSED_ITEMS]))
            (self._following,) = plain[wire.PASSED_ITEMS :] or (None,)

    def settle(self) -> None:
        """What comes next has nothing to do with the line before it."""
        if self._passes:
            passed = TestsPassed(
                first=from_plain(int, self._first),
                measured=tuple(self._passes),
                following=from_plain(_NUMBER, self._following),
            )
            self.found.append(Received(pid=from_plain(int, self._pid), message=passed))
            self._passes = []
        self._following = None


def _begun(pid: Any, index: Any, limit_s: Any = None) -> Received:
    begun = TestBegun(index=from_plain(int, index), limit_s=from_plain(_LIMIT, limit_s))
    return Received(pid=from_plain(int, pid), message=begun)


def _measured(plain: list[Any]) -> Measured:
    if not isfinite(sum(plain)):
        raise ValueError("no test takes an infinite time")
    if tuple(map(type, plain)) != _TYPES:
        plain = [from_plain(cls, item) for cls, item in zip(_TYPES, plain, strict=True)]
    return cast("Measured", tuple(plain))
