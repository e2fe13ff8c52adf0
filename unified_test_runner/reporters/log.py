"""The event log: one line per event, in the kernel's hands within one turn of the run's loop.

Also keeps events small: a long output goes to a file beside the log, and the event holds
its head, its tail and the file's name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from typing import TYPE_CHECKING

from unified_test_runner.errors import RunDirectoryError
from unified_test_runner.events import (
    LateErrorRecorded,
    PluginsTold,
    StacksShown,
    Stamped,
    TestFinished,
    TestsPassed,
    TestStarted,
    UnitCollected,
    UnitFinished,
    UnitStarted,
    encode,
    encode_each,
)

if TYPE_CHECKING:
    from pathlib import Path

    from unified_test_runner.model import PhaseResult
    from unified_test_runner.report import RunReport

LIMIT_BYTES = 64 * 1024
_EXCERPT_CHARACTERS = 8 * 1024
#: So many that a system call for each would cost more than all else about them.
_GATHERED = frozenset({TestStarted, TestFinished, UnitStarted, UnitCollected, UnitFinished})
_FULL = "; the run goes on without a record"


class EventLog:
    """Appends to `events.jsonl`. The first failure to write is raised, later ones are not."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[str] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError as error:
            raise RunDirectoryError(
                f"{path}: the event log cannot be opened: {error.strerror or error}"
            ) from error

    def handle(self, stamped: Stamped, report: RunReport) -> None:  # noqa: ARG002 - a reporter
        """Take one event. All but those of tests and files are written at once.

        Raises:
            RunDirectoryError: it cannot be written; nothing is tried again.
        """
        if self._descriptor < 0:
            return
        event = stamped.event
        if isinstance(event, TestsPassed):
            self._lines += encode_each(stamped, event)
            return
        self._lines.append(encode(stamped))
        if type(event) not in _GATHERED:
            self._write()

    def tick(self, now_s: float) -> None:  # noqa: ARG002 - a reporter that ticks
        """Write what the last turn of the run's loop brought.

        Raises:
            RunDirectoryError: it cannot be written; nothing is tried again.
        """
        if self._lines and self._descriptor >= 0:
            self._write()

    def _write(self) -> None:
        """Write whole lines, unbuffered: they outlive a kill of this process."""
        data = memoryview("".join(f"{line}\n" for line in self._lines).encode())
        self._lines.clear()
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            self._release()
            raise RunDirectoryError(
                f"{self._path}: the event log cannot be written: {error.strerror}{_FULL}",
                hint="free some space, or choose another place with --run-dir",
            ) from error

    def close(self, report: RunReport) -> None:  # noqa: ARG002 - a reporter
        """Close the file.

        Raises:
            RunDirectoryError: the last lines cannot be written.
        """
        self.tick(0.0)
        self._release()

    def _release(self) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1


class LongOutputs:
    """Moves long texts of events into files of `folder`, whose parent holds the log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def bound(self, stamped: Stamped) -> Stamped:
        """Return the event with every text within the limit."""
        event = stamped.event
        if isinstance(event, TestFinished):
            if not event.phases or all(map(_is_short, event.phases)):
                return stamped
            phases = tuple(self._bounded(phase, stamped.seq) for phase in event.phases)
            return dataclasses.replace(stamped, event=dataclasses.replace(event, phases=phases))
        if isinstance(event, (PluginsTold, StacksShown)):
            text = self._text(event.text, f"{stamped.seq:06d}.txt")
            return dataclasses.replace(stamped, event=dataclasses.replace(event, text=text))
        if isinstance(event, LateErrorRecorded) and not _is_short(event.phase):
            phase = self._bounded(event.phase, stamped.seq)
            return dataclasses.replace(stamped, event=dataclasses.replace(event, phase=phase))
        return stamped

    def _bounded(self, phase: PhaseResult, seq: int) -> PhaseResult:
        stem = f"{seq:06d}-{phase.when.value}"
        sections = tuple(
            dataclasses.replace(section, text=self._text(section.text, f"{stem}-{number}.txt"))
            for number, section in enumerate(phase.sections, start=1)
        )
        longrepr = self._text(phase.longrepr, f"{stem}.txt")
        return dataclasses.replace(phase, longrepr=longrepr, sections=sections)

    def _text(self, text: str, name: str) -> str:
        if _fits(text):
            return text
        data = text.encode("utf-8", "backslashreplace")
        path = self._folder / name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            place = f"the whole text ({len(data)} bytes) is in {self._folder.name}/{name}"
        except OSError as error:
            # Losing the middle of an output is better than losing the event.
            place = f"{len(data)} bytes; {path} cannot be written: {error.strerror}"
        head, end = text[:_EXCERPT_CHARACTERS], text[-_EXCERPT_CHARACTERS:]
        return f"{head}\n[... {place} ...]\n{end}"


def _is_short(phase: PhaseResult) -> bool:
    if not phase.sections and not phase.longrepr:
        return True
    return _fits(phase.longrepr) and all(_fits(section.text) for section in phase.sections)


def _fits(text: str) -> bool:
    # A character is at most four bytes: encoding is needed only in between.
    if len(text) * 4 <= LIMIT_BYTES:
        return True
    return len(text.encode("utf-8", "backslashreplace")) <= LIMIT_BYTES
