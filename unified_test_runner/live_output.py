"""What workers print while their tests run uncaptured (`-s`), followed line by line.

Reads the files the workers write to and never waits for anyone: a worker that floods its file
gets no slower, and what cannot be shown in time is passed over and said to be.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.worker import protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: A worker that is further ahead than this is caught up with, its last lines only shown.
BEHIND_BYTES = 256 * 1024
#: So much is shown then.
CAUGHT_UP_BYTES = 4 * 1024
#: A line that does not end is shown in pieces of this length.
LINE_BYTES = 8 * 1024


@dataclass(slots=True)
class _Followed:
    path: Path
    place: int = 0
    rest: bytes = b""
    mark: int = 0


class LiveOutput:
    """Follows the files of those workers that say they print.

    Args:
        path_of: the output file of a worker.
        show: takes the lines that a worker has printed.
    """

    def __init__(
        self, path_of: Callable[[int], Path], show: Callable[[int, Sequence[str]], None]
    ) -> None:
        self._path_of = path_of
        self._show = show
        self._followed: dict[int, _Followed] = {}

    def heed(self, worker: int, message: protocol.Message) -> None:
        """Look at a worker's file where a message of it says that there is something."""
        if isinstance(message, protocol.Walked) and message.is_live:
            self._followed[worker] = _Followed(self._path_of(worker))
        elif isinstance(message, protocol.TestEnded) and worker in self._followed:
            # What a test printed stands before its verdict, ended or not.
            self._read(worker, until=message.output_at, is_ended=True)

    def mark(self) -> None:
        """Remember how far every worker has printed, before its messages are read.

        A worker says that a test has ended before the next one prints: of what lies before the
        mark, it has said by then where the tests end.
        """
        for followed in self._followed.values():
            with contextlib.suppress(OSError):
                followed.mark = followed.path.stat().st_size

    def read(self) -> None:
        """Show what every worker has printed up to the mark."""
        for worker, followed in self._followed.items():
            self._read(worker, until=followed.mark)

    def end(self, worker: int) -> None:
        """A worker is gone: show the rest and forget it."""
        if worker in self._followed:
            self._read(worker, is_ended=True)
            del self._followed[worker]

    def _read(self, worker: int, *, until: int | None = None, is_ended: bool = False) -> None:
        followed = self._followed[worker]
        passed_over, data = _advance(followed, until)
        if not data and not (is_ended and followed.rest):
            return
        lines = _lines(followed, data, is_ended=is_ended)
        if passed_over:
            lines.insert(
                0, f"[{passed_over} bytes passed over; all is in {followed.path.name} of this run]"
            )
        if lines:
            self._show(worker, lines)


def _advance(followed: _Followed, until: int | None) -> tuple[int, bytes]:
    """Return how many bytes are passed over, and those that come after them.

    `until` is the place in the file up to which to look, None its end.
    """
    try:
        with followed.path.open("rb") as file:
            end = file.seek(0, 2)
            behind = (end if until is None else min(end, until)) - followed.place
            passed_over = behind - CAUGHT_UP_BYTES if behind > BEHIND_BYTES else 0
            if behind <= 0:
                return 0, b""
            file.seek(followed.place + passed_over)
            data = file.read(behind - passed_over)
    except OSError:
        return 0, b""
    if passed_over:
        followed.rest = b""
    followed.place += passed_over + len(data)
    return passed_over, data


def _lines(followed: _Followed, data: bytes, *, is_ended: bool) -> list[str]:
    *found, rest = (followed.rest + data).split(b"\n")
    if is_ended or len(rest) > LINE_BYTES:
        found += [rest] if rest else []
        rest = b""
    followed.rest = rest
    pieces = [
        line[start : start + LINE_BYTES]
        for line in found
        for start in range(0, len(line) or 1, LINE_BYTES)
    ]
    return [piece.decode("utf-8", "backslashreplace") for piece in pieces]
