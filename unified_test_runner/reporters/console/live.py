"""The console for a terminal: what runs now, redrawn in place; what failed, above it.

The only module that loads Rich's live parts. It draws when `tick` is called and never by
itself: no thread, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from unified_test_runner.events import RunStarted
from unified_test_runner.reporters.console import lines
from unified_test_runner.reporters.console.happenings import printed, remarks
from unified_test_runner.reporters.console.lines import Line
from unified_test_runner.reporters.console.summary import summary
from unified_test_runner.reporters.text import clipped, encodable, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from unified_test_runner.events import Stamped
    from unified_test_runner.report import RunReport
    from unified_test_runner.reporters.base import ReporterSettings
    from unified_test_runner.results import Running

#: At most ten pictures a second.
_INTERVAL_S = 0.1
#: Lines beside the running tests: services, counters, how many tests are not shown, cursor.
_OTHER_LINES = 4
_STYLES: Mapping[str, str] = {
    "good": "green",
    "bad": "red",
    "doubt": "yellow",
    "title": "bold",
    "faint": "dim",
}


class LiveConsole:
    """Shows the present at the bottom of the terminal and leaves the summary behind."""

    def __init__(self, settings: ReporterSettings) -> None:
        self._settings = settings
        self._console = Console(
            file=settings.stream,
            force_terminal=True,
            width=settings.width,
            height=settings.height,
            no_color=not settings.color,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
            # What the environment asks for has been decided by the caller.
            _environ={"TERM": "xterm-256color"},
        )
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            vertical_overflow="crop",
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._report: RunReport | None = None
        self._waiting: list[Line] = []
        self._drawn_s: float | None = None
        self._is_gone = False

    def handle(self, stamped: Stamped, report: RunReport) -> None:
        """Remember what to show at the next tick."""
        self._report = report
        self._waiting += remarks(stamped.event, report, self._settings)
        if isinstance(stamped.event, RunStarted):
            self.tick(stamped.t_mono)

    def show(self, worker: int, lines: Sequence[str]) -> None:
        """Remember what a worker has printed, to stand above the picture."""
        if not self._is_gone:
            self._waiting += printed(worker, lines)

    def tick(self, now_s: float) -> None:
        """Draw, unless that was done a moment ago."""
        is_early = self._drawn_s is not None and now_s - self._drawn_s < _INTERVAL_S
        if self._report is None or is_early or self._is_gone:
            return
        self._drawn_s = now_s
        try:
            if not self._live.is_started:
                self._live.start()
            self._flush()
            self._live.update(self._picture(self._report, now_s), refresh=True)
        except (OSError, ValueError):
            # The terminal has gone: the run goes on without it.
            self._is_gone = True

    def close(self, report: RunReport) -> None:
        """Take the picture away and print the summary."""
        if self._is_gone:
            return
        try:
            self._live.stop()
            self._waiting += summary(report, self._settings, self._console.width)
            self._flush()
        except (OSError, ValueError):
            self._is_gone = True

    def _flush(self) -> None:
        if self._waiting:
            self._console.print(self._text(self._waiting), soft_wrap=True)
            self._waiting = []

    def _picture(self, report: RunReport, now_s: float) -> Text:
        width = self._console.width
        room = max(1, self._console.height - _OTHER_LINES)
        found = [*_services(report, now_s), *_running(report.running, room, now_s)]
        found.append(_counters(report, now_s))
        # One cell less than the width: a line that fills it makes some terminals wrap.
        return self._text([Line(clipped(line.text, width - 1), line.style) for line in found])

    def _text(self, found: Sequence[Line]) -> Text:
        encoding = self._settings.encoding
        text = Text("\n", no_wrap=True, overflow="crop").join(
            Text(encodable(line.text, encoding), style=_STYLES.get(line.style, ""))
            for line in found
        )
        text.no_wrap, text.overflow = True, "crop"
        return text


def _services(report: RunReport, now_s: float) -> list[Line]:
    parts = []
    for service in report.services.values():
        if service.state == "starting":
            parts.append(f"{lines.service_name(service)} starting {now_s - service.since_s:.1f}s")
        elif service.state == "ready" and not report.running:
            parts.append(f"{lines.service_name(service)} ready")
    return [Line("  ".join(parts), "faint")] if parts else []


def _running(running: Sequence[Running], room: int, now_s: float) -> list[Line]:
    """The tests in flight, the longest-running first, in as many lines as there is room."""
    shown = sorted(running, key=lambda item: item.since_s)[:room]
    found = [
        Line(f"[w{item.worker}] {now_s - item.since_s:6.1f}s  {one_line(item.nodeid)}")
        for item in shown
    ]
    if len(running) > len(shown):
        found.append(Line(f"and {len(running) - len(shown)} more", "faint"))
    return found


def _counters(report: RunReport, now_s: float) -> Line:
    planned = report.files_planned
    progress = f"{report.files_done}/{planned} files  " if planned else ""
    found = lines.totals(report) or "no test has ended yet"
    return Line(f"{now_s:.1f}s  {progress}{found}", "bad" if report.is_failing else "title")
