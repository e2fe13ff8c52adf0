"""What tests print where pytest does not capture it (`-s`): read back from the worker's file."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from .channel import move_high
from .originals import os

if TYPE_CHECKING:
    import pytest

#: With these the runner shows what a worker prints as it comes.
_SHOWN_LIVE = ("no", "tee-sys")
#: So much of the beginning, and of the end, of what one test prints is kept for the reports.
_KEPT_BYTES = 32 * 1024
_TITLE = "Output (not captured)"


def is_live(config: pytest.Config) -> bool:
    """Whether output of tests passes pytest by, wholly or as a copy."""
    return config.option.capture in _SHOWN_LIVE


def print_by_line() -> None:
    """Let lines leave as they are printed, as on a terminal; a file would get blocks of them."""
    for stream in (sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(Exception):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


class Printed:
    """The part of the worker's output file that belongs to the running test.

    Args:
        config: of the session.
        path: the file that takes this process's standard output and error; empty without one.
    """

    def __init__(self, config: pytest.Config, path: str) -> None:
        self._file = -1
        self._from = 0
        # A copy (`tee-sys`) is in pytest's own sections already.
        self._is_kept = config.option.capture == "no"
        if path and is_live(config):
            self._file = move_high(os.open(path, os.O_RDONLY))
            self._from = self._size()

    @property
    def told(self) -> dict[str, int]:
        """Where in the file the last `take` ended, as a field of a message."""
        return {"output_at": self._from} if self._file >= 0 else {}

    def take(self) -> list[dict[str, Any]]:
        """Return what was printed since the last call as sections of a report: one, or none."""
        if self._file < 0:
            return []
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # whatever a test has put there
                stream.flush()
        try:
            start, end = self._from, self._size()
            self._from = end
            data = self._between(start, end) if self._is_kept else b""
        except OSError:  # a test closed the descriptor
            self._file = -1
            return []
        return [{"title": _TITLE, "text": data.decode("utf-8", "replace")}] if data else []

    def _between(self, start: int, end: int) -> bytes:
        if end - start <= 2 * _KEPT_BYTES:
            return os.pread(self._file, end - start, start)
        cut = end - start - 2 * _KEPT_BYTES
        head = os.pread(self._file, _KEPT_BYTES, start)
        tail = os.pread(self._file, _KEPT_BYTES, end - _KEPT_BYTES)
        return head + f"\n[{cut} bytes cut]\n".encode() + tail

    def _size(self) -> int:
        return int(os.fstat(self._file).st_size)
