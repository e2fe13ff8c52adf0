"""Workers ring it when the engine should listen at once; else it listens now and then.

A worker that runs small tests says thousands of things a second. To wake the engine for each
would cost more than the tests. One pipe serves all workers; a worker that cannot ring is
heard a moment later.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from unified_test_runner.worker.child.utr_child import wire

if TYPE_CHECKING:
    from collections.abc import Iterable

#: All are listened to at least this often.
SELDOM_S = 0.1
#: While they have something to say they are listened to this often.
OFTEN_S = 0.05


class Bell:
    """A pipe whose writing end is non-blocking: rung twice is rung once."""

    def __init__(self) -> None:
        self._read, self.rope = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self.rope, False)

    def fileno(self) -> int:
        """Readable once it has been rung."""
        return self._read

    def hush(self) -> bytes:
        """Be ready to be rung again; returns the marks of those who rang (`wire.mark`)."""
        with suppress(BlockingIOError):
            return os.read(self._read, 1 << 16)
        return b""

    def close(self) -> None:
        """Close both ends."""
        os.close(self._read)
        os.close(self.rope)


class Listening:
    """Whom to listen to when: at once to those who ring, to all of them now and then.

    The less they say, the longer the pause before the next time.
    """

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._rung: set[int] = set()
        self._pause_s = SELDOM_S
        self._all_at = 0.0
        self._is_full = False

    def rouse(self) -> None:
        """Somebody has rung."""
        self._rung.update(self._bell.hush())

    def pause_s(self, now: float) -> float:
        """How long to wait for a ring."""
        return max(0.0, self._all_at - now)

    def to(self, workers: Iterable[int], now: float) -> list[int]:
        """Return which of these workers to listen to now."""
        self._is_full = now >= self._all_at
        rung, self._rung = self._rung, set()
        return [n for n in workers if self._is_full or wire.mark(n) in rung]

    def heard(self, now: float, *, anything: bool) -> None:
        """Those have been listened to, and have said something or nothing."""
        if self._is_full:
            self._pause_s = OFTEN_S if anything else min(2 * self._pause_s, SELDOM_S)
            self._all_at = now + self._pause_s
