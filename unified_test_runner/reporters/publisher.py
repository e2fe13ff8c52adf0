"""Carries each event to the fold and then to every reporter, live and in a replay alike."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from unified_test_runner.errors import UtrError
from unified_test_runner.report import RunReport
from unified_test_runner.reporters.base import Showing, Ticking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unified_test_runner.events import Stamped
    from unified_test_runner.reporters.base import Reporter
    from unified_test_runner.reporters.log import LongOutputs


class Publisher:
    """One run's reporters and the report they share.

    All of them, the log included, get the same shortened event; that is why a replay of the
    log gives what the run gave.
    """

    def __init__(self, reporters: Sequence[Reporter], outputs: LongOutputs | None = None) -> None:
        self.report = RunReport()
        self._reporters = tuple(reporters)
        self._ticking = tuple(item for item in reporters if isinstance(item, Ticking))
        self._showing = tuple(item for item in reporters if isinstance(item, Showing))
        self._outputs = outputs

    def publish(self, stamped: Stamped) -> None:
        """Fold one event and show it.

        Raises:
            UtrError: a reporter failed; every other one has had the event nonetheless.
        """
        if self._outputs is not None:
            stamped = self._outputs.bound(stamped)
        if stamped.t_mono != round(stamped.t_mono, 6):
            # The log keeps microseconds: what is shown now must be what a replay shows.
            stamped = dataclasses.replace(stamped, t_mono=round(stamped.t_mono, 6))
        self.report.apply(stamped)
        fault: UtrError | None = None
        for reporter in self._reporters:
            try:
                reporter.handle(stamped, self.report)
            except UtrError as error:
                fault = fault or error
        if fault is not None:
            raise fault

    def show(self, worker: int, lines: Sequence[str]) -> None:
        """Let reporters that a person watches show what a worker prints."""
        for reporter in self._showing:
            reporter.show(worker, lines)

    def tick(self, now_s: float) -> None:
        """Let reporters that move show the present.

        Raises:
            UtrError: a reporter failed; every other one has had its turn nonetheless.
        """
        fault: UtrError | None = None
        for reporter in self._ticking:
            try:
                reporter.tick(now_s)
            except UtrError as error:
                fault = fault or error
        if fault is not None:
            raise fault

    def close(self) -> None:
        """End the report and close every reporter.

        Raises:
            UtrError: the first fault; every reporter has been closed nonetheless.
        """
        self.report.end()
        fault: UtrError | None = None
        for reporter in self._reporters:
            try:
                reporter.close(self.report)
            except UtrError as error:
                fault = fault or error
        if fault is not None:
            raise fault
