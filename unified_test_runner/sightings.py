"""How one test ended in a run, and what ran before it in the same worker. Pure.

A fold over events, so that a recorded log and a run in progress answer alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from unified_test_runner import events
from unified_test_runner.model import EntryKind, Outcome, UnitKey

if TYPE_CHECKING:
    from unified_test_runner.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A test in a worker's life: its file, and what its node id has after the path.

    `test` is empty for a file of which no test ran: it was imported all the same.
    """

    key: UnitKey
    test: str
    suite: str = ""

    @property
    def nodeid(self) -> str:
        """The step as an argument, from the project root."""
        return f"{self.key.path}::{self.test}" if self.test else self.key.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """How the test ended, in one line, after `before` had run in its worker.

    `is_first`: no other worker had been given anything before.
    """

    step: Step
    outcome: Outcome
    message: str
    before: tuple[Step, ...]
    is_first: bool


@dataclass(slots=True)
class _Life:
    """What a worker has been through; the last step is the present one.

    `is_open`: that step is a test which was seen to begin, and not to end.
    """

    key: UnitKey
    suite: str
    steps: list[Step] = field(default_factory=list)
    is_open: bool = False


class Lookout:
    """Watches for one test.

    Args:
        path: its file, from the project root.
        test: what follows the path in its node id.
    """

    def __init__(self, path: str, test: str) -> None:
        self._path = path
        self._test = test
        self._lives: dict[int, _Life] = {}
        self._holder = -1
        self.sightings: list[Sighting] = []
        self.below: list[str] = []

    def apply(self, event: Event) -> None:
        """Take one event."""
        match event:
            case events.UnitStarted() if not event.is_extra:
                self._enter(event)
            case events.TestStarted():
                self._begin(event)
            case events.TestFinished():
                self._end(event)
            case events.TestsPassed():
                for each in event.each():
                    self._end(each)
            case events.LateErrorRecorded():
                self._amend(event)
            case _:
                pass

    def _enter(self, event: events.UnitStarted) -> None:
        key = UnitKey(path=event.path, collector=event.collector, ordinal=event.ordinal)
        life = self._lives.setdefault(event.worker, _Life(key, event.suite))
        life.key, life.suite = key, event.suite
        life.steps.append(Step(key=key, test="", suite=event.suite))
        if event.path == self._path:
            self._holder = event.worker

    def _begin(self, event: events.TestStarted) -> None:
        life = self._lives.get(event.worker)
        if life is not None and event.attempt == event.repetition == 1:
            self._go_on(life, _inner(event.nodeid))
            life.is_open = True

    def _go_on(self, life: _Life, test: str) -> None:
        step = Step(key=life.key, test=test, suite=life.suite)
        if not life.steps[-1].test and life.steps[-1].key == life.key:
            life.steps.pop()
        life.steps.append(step)
        inside = (f"{self._test}[", f"{self._test}::")
        if step.key.path == self._path and test.startswith(inside):
            self.below.append(step.nodeid)

    def _end(self, event: events.TestFinished) -> None:
        is_file = event.entry is EntryKind.FILE
        # A file that killed its worker as it was collected is told of by none.
        worker = self._holder if is_file and event.worker < 0 else event.worker
        life = self._lives.get(worker)
        if life is None or event.attempt > 1 or event.repetition > 1:
            return
        if not is_file:
            if not life.is_open:  # it was so quick that its end alone was recorded
                self._go_on(life, _inner(event.nodeid))
            life.is_open = False
        is_named = event.outcome.is_bad if is_file else _inner(event.nodeid) == self._test
        if life.key.path != self._path or not is_named:
            return
        before = life.steps[:-1] if life.steps[-1].key == life.key else life.steps
        self.sightings.append(
            Sighting(
                step=Step(key=life.key, test=self._test, suite=life.suite),
                outcome=event.outcome,
                message=_message(event),
                before=tuple(before),
                is_first=next(iter(self._lives)) == worker,
            )
        )

    def _amend(self, event: events.LateErrorRecorded) -> None:
        """A fixture that outlived the test failed to be torn down."""
        life = self._lives.get(event.worker)
        is_ours = life is not None and life.key.path == self._path
        if self.sightings and is_ours and _inner(event.nodeid) == self._test:
            last = self.sightings[-1]
            if not last.outcome.is_bad:
                self.sightings[-1] = replace(
                    last, outcome=Outcome.ERROR, message=event.phase.message
                )


def _inner(nodeid: str) -> str:
    return nodeid.partition("::")[2]


def _message(event: events.TestFinished) -> str:
    told = (phase.message for phase in event.phases if phase.outcome in {"failed", "error"})
    return next(filter(None, told), event.reason).strip()
