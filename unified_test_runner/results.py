"""The fold over test events: one entry per test or file, and how each of them ended.

Holds only what reports need. Texts of tests that ended well are dropped at once, so that a
run of fifty thousand tests stays small. Decides nothing about the run as a whole.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.model import EntryKind, Outcome, PhaseResult, fold_outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from unified_test_runner.events import LateErrorRecorded, TestFinished, TestStarted

#: An entry's identity: what it stands for, its node id, which one of that name.
Key = tuple[EntryKind, str, int]

NEVER_ENDED = "no end was recorded for this test: the run was cut short while it was running"

_SEVERITY: Mapping[Outcome, int] = {outcome: rank for rank, outcome in enumerate(Outcome)}
_BAD = frozenset(outcome for outcome in Outcome if outcome.is_bad)
_PROVES_NOTHING = frozenset({Outcome.SKIPPED, Outcome.NOT_RUN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a test. `phases` are kept for bad outcomes only.

    `is_in_order`: all tests before it in its file ran before it, in the same process, as they
    had not for the attempts before.
    """

    number: int
    outcome: Outcome
    duration_s: float
    worker: int
    reason: str = ""
    reproduce: str = ""
    phases: tuple[PhaseResult, ...] = ()
    is_in_order: bool = False

    @property
    def bad_phases(self) -> tuple[PhaseResult, ...]:
        """The phases that failed, in the order they ran."""
        return tuple(phase for phase in self.phases if phase.outcome in {"failed", "error"})

    @property
    def message(self) -> str:
        """One line on why it ended so; never empty for a bad outcome."""
        for phase in self.bad_phases:
            if text := phase.message.strip() or _last_line(phase.longrepr):
                return text
        if self.reason.strip() or not self.outcome.is_bad:
            return self.reason
        return f"{self.outcome.value}, without a message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the results: a test, or a file that could not be collected.

    `outcome` is the verdict over all `attempts`; `growth_bytes` is what the worker's
    resident set gained during the last attempt; `label` a plugin's own name for the outcome.
    """

    kind: EntryKind
    nodeid: str
    occurrence: int
    outcome: Outcome
    suite: str
    category: str | None
    path: str
    line: int
    classname: str
    name: str
    attempts: tuple[Attempt, ...]
    growth_bytes: int = 0
    properties: tuple[tuple[str, str], ...] = ()
    label: str = ""

    @property
    def key(self) -> Key:
        """Its identity."""
        return (self.kind, self.nodeid, self.occurrence)

    @property
    def last(self) -> Attempt:
        """The attempt that decided."""
        return self.attempts[-1]

    @property
    def telling(self) -> Attempt:
        """The attempt that explains the outcome: the last bad one, else the last."""
        if self.last.is_in_order:
            return self.last
        bad = [attempt for attempt in self.attempts if attempt.outcome in _BAD]
        return bad[-1] if bad else self.last

    @property
    def is_order_dependent(self) -> bool:
        """Whether it ended well only once all tests before it in its file had run."""
        return (
            self.last.is_in_order
            and self.last.outcome not in _BAD
            and any(attempt.outcome in _BAD for attempt in self.attempts)
        )

    @property
    def duration_s(self) -> float:
        """How long the deciding attempt took."""
        return self.last.duration_s

    @property
    def message(self) -> str:
        """One line on why it ended so; empty for a plain pass."""
        return self.telling.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A test that has begun and not ended; `since_s` on the clock of the run."""

    worker: int
    nodeid: str
    suite: str
    occurrence: int
    attempt: int
    since_s: float


def decide(attempts: tuple[Attempt, ...]) -> Outcome:
    """Return the verdict over all attempts of one test.

    The last one decides; good after bad is flaky. A retry that was skipped or never ran
    proves nothing, so that the failure before it stands. One in order is no retry: it ran as
    plain pytest would have run it, which the attempts before it did not.
    """
    last = attempts[-1].outcome
    if len(attempts) == 1 or last in _BAD or attempts[-1].is_in_order:
        return last
    earlier = [attempt.outcome for attempt in attempts[:-1] if attempt.outcome in _BAD]
    if not earlier:
        return last
    return earlier[-1] if last in _PROVES_NOTHING else Outcome.FLAKY


class Results:
    """Entries in the order in which they first ended, with running totals."""

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self.totals: dict[EntryKind, Counter[Outcome]] = {kind: Counter() for kind in EntryKind}
        self._running: dict[tuple[str, int, int], Running] = {}

    @property
    def running(self) -> tuple[Running, ...]:
        """Tests in flight, the longest-running first."""
        return tuple(self._running.values())

    def start(self, event: TestStarted, at_s: float) -> None:
        """A test began."""
        if event.is_context:
            return
        self._running[event.nodeid, event.occurrence, event.attempt] = Running(
            worker=event.worker,
            nodeid=event.nodeid,
            suite=event.suite,
            occurrence=event.occurrence,
            attempt=event.attempt,
            since_s=at_s,
        )

    def finish(self, event: TestFinished, category: str | None) -> None:
        """An attempt ended."""
        if event.is_context:
            return
        if event.entry is EntryKind.TEST:
            self._running.pop((event.nodeid, event.occurrence, event.attempt), None)
        old = self.entries.get((event.entry, event.nodeid, event.occurrence))
        attempts = _with_attempt(old.attempts if old else (), _attempt_of(event))
        self._put(
            Entry(
                kind=event.entry,
                nodeid=event.nodeid,
                occurrence=event.occurrence,
                outcome=decide(attempts),
                suite=event.suite,
                category=category,
                path=event.path or event.nodeid.partition("::")[0],
                line=event.line,
                classname=event.classname,
                name=event.name,
                attempts=attempts,
                growth_bytes=event.rss_after_bytes - event.rss_before_bytes,
                properties=event.properties,
                label=next((phase.label for phase in event.phases if phase.label), ""),
            ),
            old,
        )

    def amend(self, event: LateErrorRecorded) -> None:
        """A fixture failed after its last test had ended: that test is no pass any more."""
        key = (EntryKind.TEST, event.nodeid, event.occurrence)
        old = self.entries.get(key)
        late = Attempt(
            number=event.attempt,
            outcome=fold_outcome((event.phase,)),
            duration_s=0.0,
            worker=event.worker,
            phases=(event.phase,),
        )
        attempts = _with_attempt(old.attempts if old else (), late)
        if old is not None:
            new = dataclasses.replace(old, attempts=attempts, outcome=decide(attempts))
        else:
            new = _bare_entry(event.nodeid, event.occurrence, "", attempts)
        self._put(new, old)

    def end(self, at_s: float) -> None:
        """The log has ended: what still runs has crashed with it."""
        for running in tuple(self._running.values()):
            key = (EntryKind.TEST, running.nodeid, running.occurrence)
            old = self.entries.get(key)
            crashed = Attempt(
                number=running.attempt,
                outcome=Outcome.CRASHED,
                duration_s=max(0.0, at_s - running.since_s),
                worker=running.worker,
                reason=NEVER_ENDED,
            )
            attempts = _with_attempt(old.attempts if old else (), crashed)
            if old is not None:
                new = dataclasses.replace(old, attempts=attempts, outcome=decide(attempts))
            else:
                new = _bare_entry(running.nodeid, running.occurrence, running.suite, attempts)
            self._put(new, old)
        self._running.clear()

    def _put(self, new: Entry, old: Entry | None) -> None:
        totals = self.totals[new.kind]
        if old is not None:
            totals[old.outcome] -= 1
        totals[new.outcome] += 1
        self.entries[new.key] = new


def _attempt_of(event: TestFinished) -> Attempt:
    is_bad = event.outcome in _BAD
    return Attempt(
        number=event.attempt,
        outcome=event.outcome,
        duration_s=event.duration_s,
        worker=event.worker,
        reason=event.reason or ("" if event.outcome is Outcome.PASSED else _reason(event.phases)),
        reproduce=event.reproduce,
        phases=event.phases if is_bad else (),
        is_in_order=event.is_in_order,
    )


def _reason(phases: Iterable[PhaseResult]) -> str:
    """Why a test was skipped or expected to fail, where the event itself does not say."""
    for phase in phases:
        if phase.expected is not None:
            return phase.expected or phase.message
        if phase.outcome == "skipped":
            return phase.message
    return ""


def _with_attempt(attempts: tuple[Attempt, ...], new: Attempt) -> tuple[Attempt, ...]:
    """Add an attempt; a second end of the same attempt never hides the worse of the two."""
    if not attempts:
        return (new,)
    same = [attempt for attempt in attempts if attempt.number == new.number]
    others = [attempt for attempt in attempts if attempt.number != new.number]
    merged = _merged(same[0], new) if same else new
    return tuple(sorted((*others, merged), key=lambda attempt: attempt.number))


def _merged(first: Attempt, second: Attempt) -> Attempt:
    worse = min(first, second, key=lambda attempt: _SEVERITY[attempt.outcome])
    return Attempt(
        number=first.number,
        outcome=worse.outcome,
        duration_s=max(first.duration_s, second.duration_s),
        worker=worse.worker,
        reason=worse.reason or first.reason or second.reason,
        reproduce=first.reproduce or second.reproduce,
        phases=first.phases + second.phases,
        is_in_order=first.is_in_order,
    )


def _bare_entry(nodeid: str, occurrence: int, suite: str, attempts: tuple[Attempt, ...]) -> Entry:
    """An entry of which only the node id is known."""
    return Entry(
        kind=EntryKind.TEST,
        nodeid=nodeid,
        occurrence=occurrence,
        outcome=decide(attempts),
        suite=suite,
        category=None,
        path=nodeid.partition("::")[0],
        line=0,
        classname="",
        name="",
        attempts=attempts,
    )


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip()
