"""Stamps events and hands them to the report and the reporters, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.errors import RunDirectoryError
from unified_test_runner.events import ErrorRaised, Event, Stamped
from unified_test_runner.reporters.base import Reporter, Ticking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from unified_test_runner.report import RunReport


class Recorder:
    """The one place through which events leave the engine.

    Args:
        report: folds the events; its verdict is the run's.
        reporters: told of every event. One that fails is left out from then on, and the
            failure is an event of its own: results are never lost to a broken report.
        clock: monotonic seconds.
    """

    def __init__(
        self, report: RunReport, reporters: Sequence[Reporter], clock: Callable[[], float]
    ) -> None:
        self.report = report
        self._reporters = list(reporters)
        self._clock = clock
        self._began = clock()
        self._seq = 0

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    def emit(self, event: Event) -> None:
        """Record one event."""
        self._seq += 1
        stamped = Stamped(seq=self._seq, t_mono=self.now, event=event)
        self.report.apply(stamped)
        for reporter in list(self._reporters):
            try:
                reporter.handle(stamped, self.report)
            except (OSError, RunDirectoryError) as error:
                self._drop(reporter, error)

    def tick(self) -> None:
        """Let displays refresh."""
        for reporter in self._reporters:
            if isinstance(reporter, Ticking):
                reporter.tick(self.now)

    def close(self) -> list[str]:
        """Let every reporter write its result; returns what failed."""
        failures = []
        for reporter in self._reporters:
            try:
                reporter.close(self.report)
            except (OSError, RunDirectoryError) as error:
                failures.append(f"{_name(reporter)}: {error}")
        return failures

    def _drop(self, reporter: Reporter, error: Exception) -> None:
        self._reporters.remove(reporter)
        message = f"the {_name(reporter)} report cannot be written: {error}"
        self.emit(ErrorRaised(message=message, exit_code=RunDirectoryError.exit_code))


def _name(reporter: Reporter) -> str:
    return type(reporter).__name__
