"""What every worker is doing, on request: the stacks of their threads, while the run goes on."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.events import Event, NoticeGiven, StacksShown
from unified_test_runner.last_words import last_words
from unified_test_runner.worker.process import STACK_SIGNAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from unified_test_runner.crew import Seat

#: So long a worker may take to write the stacks of its threads.
_STACKS_S = 1.0
#: Stacks are complete when their file has not grown for so long.
_QUIET_S = 0.15
_SILENT = "it wrote no stacks within a second"


@dataclass(slots=True)
class _Asked:
    seat: Seat
    nodeid: str
    running_s: float
    since: float
    grew: float
    size: int = 0


class Inquiry:
    """Asks workers for their stacks and reports what they answer.

    Args:
        stacks: the file that takes a worker's stacks.
        emit: takes the events.
    """

    def __init__(self, stacks: Callable[[int], Path], emit: Callable[[Event], None]) -> None:
        self._stacks = stacks
        self._emit = emit
        self._asked: dict[int, _Asked] = {}

    def ask(self, seats: Iterable[Seat], now: float) -> None:
        """Ask those workers that can answer: none that is starting or ending."""
        self._ask(seats, now)
        if not self._asked:
            message = "no worker can show its stacks now: all are starting or ending"
            self._emit(NoticeGiven(level="info", message=message))

    def _ask(self, seats: Iterable[Seat], now: float) -> None:
        for seat in seats:
            worker, pid = seat.process.worker, seat.process.pid
            is_deaf = not seat.is_walked or seat.is_ending or seat.ending is not None
            if is_deaf or pid is None or worker in self._asked:
                continue
            since = seat.busy_since
            self._asked[worker] = _Asked(
                seat=seat,
                nodeid=seat.test or seat.path,
                running_s=now - since if since is not None else 0.0,
                since=now,
                grew=now,
            )
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, STACK_SIGNAL)

    def go_on(self, now: float) -> None:
        """Report the answers that are complete by now."""
        for worker, asked in list(self._asked.items()):
            path = self._stacks(worker)
            size = _size(path)
            if size != asked.size:
                asked.size, asked.grew = size, now
            is_quiet = bool(size) and now - asked.grew >= _QUIET_S
            if is_quiet or now - asked.since >= _STACKS_S or asked.seat.ending is not None:
                self._answer(worker, asked, path)

    def _answer(self, worker: int, asked: _Asked, path: Path) -> None:
        del self._asked[worker]
        text = last_words(path) or _SILENT
        if asked.seat.ending is None:
            # What is read is done with: what it writes at its end must stand alone.
            with contextlib.suppress(OSError):
                os.truncate(path, 0)
        self._emit(
            StacksShown(worker=worker, text=text, nodeid=asked.nodeid, running_s=asked.running_s)
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
