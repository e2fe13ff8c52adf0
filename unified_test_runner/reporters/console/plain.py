"""The console for logs and pipes: lines of text that stay, nothing redrawn, no colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.events import UnitFinished
from unified_test_runner.reporters.base import PLAIN_WIDTH
from unified_test_runner.reporters.console.happenings import printed, remarks, unit_line
from unified_test_runner.reporters.console.summary import summary
from unified_test_runner.reporters.destination import LineStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unified_test_runner.events import Stamped
    from unified_test_runner.report import RunReport
    from unified_test_runner.reporters.base import ReporterSettings
    from unified_test_runner.reporters.console.lines import Line


class PlainConsole:
    """A header, what goes wrong as it comes, a line per file, and the summary.

    The lines of files may be many: they are printed together, with what comes after them or
    with the next tick.
    """

    def __init__(self, settings: ReporterSettings) -> None:
        self._settings = settings
        self._width = settings.width or PLAIN_WIDTH
        self._stream = LineStream(settings.stream, settings.encoding)
        self._files: list[Line] = []

    def handle(self, stamped: Stamped, report: RunReport) -> None:
        """Print what the event is worth, often nothing."""
        event = stamped.event
        if isinstance(event, UnitFinished):
            if self._settings.verbosity >= 0:
                self._files += unit_line(event, stamped.t_mono, report, self._width)
        elif found := remarks(event, report, self._settings):
            self._print(found)

    def tick(self, now_s: float) -> None:  # noqa: ARG002 - a reporter that ticks
        """Print the lines of files that wait."""
        if self._files:
            self._print(())

    def show(self, worker: int, lines: Sequence[str]) -> None:
        """Print what a worker has printed."""
        self._print(printed(worker, lines))

    def close(self, report: RunReport) -> None:
        """Print the summary."""
        self._print(summary(report, self._settings, self._width))

    def _print(self, found: Sequence[Line]) -> None:
        files, self._files = self._files, []
        self._stream.write(line.text for line in (*files, *found))
