"""Stamps the engine's events and publishes them: the one place through which they leave."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

from unified_test_runner.errors import UtrError
from unified_test_runner.events import ErrorRaised, Event, Stamped, TestsPassed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from unified_test_runner.report import RunReport
    from unified_test_runner.reporters.publisher import Publisher


class Recorder:
    """Gives each event its number and time.

    Args:
        publisher: folds them and shows them. A reporter that fails becomes an event of its
            own: results are never lost to a report that cannot be written.
        clock: monotonic seconds.
    """

    def __init__(self, publisher: Publisher, clock: Callable[[], float]) -> None:
        self._publisher = publisher
        self._clock = clock
        self._began = clock()
        self._seq = 0
        self._faults: set[str] = set()
        self._waiting: deque[Stamped] = deque()
        self._is_held = False

    @property
    def report(self) -> RunReport:
        """The fold over all events so far."""
        self._publish()
        return self._publisher.report

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Publish at the end of this what is recorded in it: others wait for more than records."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            self._publish()

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    def emit(self, event: Event) -> None:
        """Record one event, or one that stands for many."""
        first = self._seq + 1
        self._seq += len(event.nodeids) if isinstance(event, TestsPassed) else 1
        self._waiting.append(Stamped(seq=first, t_mono=round(self.now, 6), event=event))
        if not self._is_held:
            self._publish()

    def _publish(self) -> None:
        while self._waiting:
            stamped = self._waiting.popleft()
            try:
                self._publisher.publish(stamped)
            except UtrError as error:
                # One that fails at everything fails at the news of its failure as well.
                if not isinstance(stamped.event, ErrorRaised):
                    self._tell(error)

    def tick(self) -> None:
        """Let displays refresh and the log be written."""
        try:
            self._publisher.tick(self.now)
        except UtrError as error:
            self._tell(error)

    def _tell(self, error: UtrError) -> None:
        if error.message not in self._faults:
            self._faults.add(error.message)
            self.emit(
                ErrorRaised(message=error.message, hint=error.hint, exit_code=error.exit_code)
            )

    def show(self, worker: int, lines: Iterable[str]) -> None:
        """Show what a worker has printed; kept with the test it belongs to, not here."""
        self._publish()
        self._publisher.show(worker, tuple(lines))

    def close(self) -> str:
        """Let every reporter write its result; returns what failed, empty if nothing did."""
        try:
            self._publisher.close()
        except UtrError as error:
            return str(error)
        return ""
