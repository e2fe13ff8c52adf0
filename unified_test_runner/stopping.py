"""When a run is stopped before its end: by signals, by its time limit, by too many failures."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from unified_test_runner import steps
from unified_test_runner.events import ErrorRaised, RunInterrupted
from unified_test_runner.exitcodes import ExitCode
from unified_test_runner.verdict import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from unified_test_runner.recording import Recorder

#: CI systems kill soon after SIGTERM.
_TERM_DRAIN_S = 8.0


class Stopping:
    """Decides when a run drains and when it is killed; the scheduler decides what that means.

    Args:
        recorder: told of it.
        run_timeout_s: time limit of the run; None means none.
        max_failures: stop after so many; 0 means never.
    """

    def __init__(
        self, recorder: Recorder, *, run_timeout_s: float | None, max_failures: int
    ) -> None:
        self._recorder = recorder
        self._run_deadline = run_timeout_s
        self._max_failures = max_failures
        self._failures = 0
        self._is_draining = False
        self._is_interrupted = False
        self._kill_at: float | None = None

    def heed(self, signals: Iterable[int]) -> Iterator[steps.Input]:
        """The first signal drains, a second one kills."""
        for number in signals:
            name = signal.Signals(number).name
            is_first = not self._is_interrupted
            self._recorder.emit(RunInterrupted(signal=name, is_draining=is_first))
            if not is_first:
                yield self._kill(f"the run was interrupted by {name}")
                continue
            self._is_interrupted = True
            if number != signal.SIGINT:
                self._kill_at = self._recorder.now + _TERM_DRAIN_S
            yield steps.DrainWanted(reason=f"the run was interrupted by {name}")

    def look(self, now: float) -> Iterator[steps.Input]:
        """Yield what deadlines of the run, now past, ask for."""
        if self._kill_at is not None and now >= self._kill_at:
            yield self._kill("the run did not end in time after SIGTERM")
        if self._run_deadline is not None and now >= self._run_deadline:
            message = f"the run took longer than its limit of {self._run_deadline:g} s"
            self._run_deadline = None
            self._recorder.emit(ErrorRaised(message=message, exit_code=ExitCode.TIME_LIMIT))
            yield self._kill(message)

    def count(self, failures: int) -> Iterator[steps.Input]:
        """Count bad outcomes; yields the wish to stop once, when there are enough."""
        self._failures += failures
        bound = self._max_failures
        if bound and self._failures >= bound and not self._is_draining:
            self._is_draining = True
            yield steps.DrainWanted(reason=f"stopped after {counted(bound, 'failure')}")

    def _kill(self, reason: str) -> steps.KillWanted:
        self._kill_at = None
        return steps.KillWanted(reason=reason)
