"""What a reporter is, and what one is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TextIO

    from unified_test_runner.events import Stamped
    from unified_test_runner.report import RunReport

PLAIN_WIDTH = 80


class Reporter(Protocol):
    """Shows what happens. It asks the report for every outcome and computes none."""

    def handle(self, stamped: Stamped, report: RunReport) -> None:
        """Take one event, which `report` has already taken."""

    def close(self, report: RunReport) -> None:
        """The log has ended and `report` with it: write or show what is left."""


@runtime_checkable
class Ticking(Protocol):
    """A reporter that also changes while nothing happens."""

    def tick(self, now_s: float) -> None:
        """Show the present; `now_s` on the clock of the run, as in `Stamped.t_mono`."""


@runtime_checkable
class Showing(Protocol):
    """A reporter that also passes on what workers print while tests run uncaptured.

    No event tells of it: what a test printed is part of that test's end, so that a log does
    not grow with a flood and a replay shows it where it belongs.
    """

    def show(self, worker: int, lines: Sequence[str]) -> None:
        """Show lines as they came; they may hold anything but line ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReporterSettings:
    """Everything the reporters of a run depend on, decided by the caller.

    `format` auto is live on a terminal and plain elsewhere. `color` is already decided.
    `width` and `height` None: what the terminal has, 80 columns where there is none.
    `verbosity` -1 leaves the statistics out, 1 prints a line per test. `output` says whose
    captured output is shown. Paths None: no such file.
    """

    stream: TextIO
    format: Literal["auto", "live", "plain"] = "auto"
    is_terminal: bool = False
    width: int | None = None
    height: int | None = None
    color: bool = False
    encoding: str = "utf-8"
    verbosity: int = 0
    output: Literal["failed", "all", "none"] = "failed"
    junit_path: Path | None = None
    json_path: Path | None = None
    events_path: Path | None = None

    @property
    def is_live(self) -> bool:
        """Whether the console redraws itself."""
        return self.format == "live" or (self.format == "auto" and self.is_terminal)
