"""The fold over test events: one entry per test or file, and how each of them ended.

Holds only what reports need. Texts of tests that ended well are dropped at once, so that a
run of fifty thousand tests stays small. Decides nothing about the run as a whole.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

from unified_test_runner.entries import Attempt, Entries, Entry
from unified_test_runner.light import dataclass
from unified_test_runner.model import EntryKind, Outcome, PhaseResult, fold_outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from unified_test_runner.entries import Key
    from unified_test_runner.events import (
        LateErrorRecorded,
        TestFinished,
        TestsPassed,
        TestStarted,
    )

NEVER_ENDED = "no end was recorded for this test: the run was cut short while it was running"

_SEVERITY: Mapping[Outcome, int] = {outcome: rank for rank, outcome in enumerate(Outcome)}
_BAD = frozenset(outcome for outcome in Outcome if outcome.is_bad)
#: So many attempts are kept of each way in which repetitions failed.
_KEPT_OF_EACH = 3
_PROVES_NOTHING = frozenset({Outcome.SKIPPED, Outcome.NOT_RUN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A test that has begun and not ended; `since_s` on the clock of the run."""

    worker: int
    nodeid: str
    suite: str
    occurrence: int
    attempt: int
    since_s: float
    repetition: int = 1


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


@dataclass(slots=True)
class _Repeats:
    """What the repetitions of one test have come to."""

    ran: int
    bad: set[int]

    def add(self, attempt: Attempt, *, is_end: bool) -> None:
        self.ran += is_end and attempt.outcome is not Outcome.NOT_RUN
        if attempt.outcome in _BAD:
            self.bad.add(attempt.number)


class Results:
    """Entries in the order in which they first ended, with running totals."""

    def __init__(self) -> None:
        self.entries = Entries()
        self.totals: dict[EntryKind, Counter[Outcome]] = {kind: Counter() for kind in EntryKind}
        self._running: dict[tuple[str, int, int], Running] = {}
        self._repeats: dict[Key, _Repeats] = {}

    @property
    def running(self) -> tuple[Running, ...]:
        """Tests in flight, the longest-running first."""
        return tuple(self._running.values())

    def start(self, event: TestStarted, at_s: float) -> None:
        """A test began."""
        if event.is_context:
            return
        running = Running(
            worker=event.worker,
            nodeid=event.nodeid,
            suite=event.suite,
            occurrence=event.occurrence,
            attempt=event.attempt,
            since_s=at_s,
            repetition=event.repetition,
        )
        self._running[event.nodeid, event.occurrence, _number(event)] = running

    def finish(self, event: TestFinished, category: str | None) -> None:
        """An attempt ended."""
        if event.is_context:
            return
        if event.entry is EntryKind.TEST:
            self._running.pop((event.nodeid, event.occurrence, _number(event)), None)
        key = (event.entry, event.nodeid, event.occurrence)
        self._put(
            Entry(
                kind=event.entry,
                nodeid=event.nodeid,
                occurrence=event.occurrence,
                suite=event.suite,
                category=category,
                path=event.path or event.nodeid.partition("::")[0],
                line=event.line,
                classname=event.classname,
                name=event.name,
                growth_bytes=event.rss_after_bytes - event.rss_before_bytes,
                properties=event.properties,
                label=next((phase.label for phase in event.phases if phase.label), ""),
                **self._history(key, _attempt_of(event), is_end=True),
            )
        )

    def pass_all(self, event: TestsPassed) -> None:
        """Tests passed in a row, each the first of its name in its repetition."""
        if self.entries.has_any(event.nodeids):  # a later repetition was sooner
            for each in event.each():
                self.finish(each, event.category)
            return
        self.entries.pass_all(event)
        self.totals[EntryKind.TEST][Outcome.PASSED] += len(event.nodeids)

    def amend(self, event: LateErrorRecorded) -> None:
        """A fixture failed after its last test had ended: that test is no pass any more."""
        late = Attempt(
            number=_number(event),
            repetition=event.repetition,
            outcome=fold_outcome((event.phase,)),
            duration_s=0.0,
            worker=event.worker,
            phases=(event.phase,),
            reproduce=event.reproduce,
        )
        bare = _bare_entry(event.nodeid, event.occurrence, "")
        self._amend(self.entries.get(bare.key) or bare, late, is_end=False)

    def end(self, at_s: float) -> None:
        """The log has ended: what still runs has crashed with it."""
        for running in tuple(self._running.values()):
            crashed = Attempt(
                number=_number(running),
                repetition=running.repetition,
                outcome=Outcome.CRASHED,
                duration_s=max(0.0, at_s - running.since_s),
                worker=running.worker,
                reason=NEVER_ENDED,
            )
            bare = _bare_entry(running.nodeid, running.occurrence, running.suite)
            self._amend(self.entries.get(bare.key) or bare, crashed, is_end=True)
        self._running.clear()

    def _amend(self, entry: Entry, attempt: Attempt, *, is_end: bool) -> None:
        history = self._history(entry.key, attempt, is_end=is_end)
        self._put(dataclasses.replace(entry, **history))

    def _history(self, key: Key, attempt: Attempt, *, is_end: bool) -> dict[str, Any]:
        """Return what an entry tells of its attempts once another one is added."""
        old = self.entries.get(key)
        attempts = _with_attempt(old.attempts if old else (), attempt)
        if old is None or max(attempt.repetition, old.last.repetition) == 1:
            return {"attempts": attempts, "outcome": decide(attempts)}
        if key not in self._repeats:
            self._repeats[key] = _Repeats(0, set())
            self._repeats[key].add(old.last, is_end=True)
        repeats = self._repeats[key]
        repeats.add(attempt, is_end=is_end)
        return {
            "attempts": _kept(attempts),
            "outcome": _worse(old.outcome, attempt.outcome),
            "repetitions": max(1, repeats.ran),
            "bad_repetitions": len(repeats.bad),
        }

    def _put(self, new: Entry) -> None:
        totals, old = self.totals[new.kind], self.entries.get(new.key)
        if old is not None:
            totals[old.outcome] -= 1
        totals[new.outcome] += 1
        self.entries.put(new)


def _attempt_of(event: TestFinished) -> Attempt:
    is_bad = event.outcome in _BAD
    return Attempt(
        number=_number(event),
        repetition=event.repetition,
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


def _kept(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """Return of many repetitions the last and the first few of each bad outcome."""
    kept, seen = [], Counter[Outcome]()
    for attempt in attempts:
        seen[attempt.outcome] += 1
        if attempt.outcome in _BAD and seen[attempt.outcome] <= _KEPT_OF_EACH:
            kept.append(attempt)
    return tuple(kept) if attempts[-1] in kept else (*kept, attempts[-1])


def _worse(first: Outcome, second: Outcome) -> Outcome:
    """Return the worse outcome of two repetitions; one that proves nothing only if both do."""
    telling = [outcome for outcome in (first, second) if outcome not in _PROVES_NOTHING]
    return min(telling or (first, second), key=lambda outcome: _SEVERITY[outcome])


def _number(event: TestStarted | TestFinished | LateErrorRecorded | Running) -> int:
    """Return the number of an attempt: a run is either retried or repeated."""
    return event.repetition if event.repetition > 1 else event.attempt


def _merged(first: Attempt, second: Attempt) -> Attempt:
    worse = min(first, second, key=lambda attempt: _SEVERITY[attempt.outcome])
    return Attempt(
        number=first.number,
        repetition=first.repetition,
        outcome=worse.outcome,
        duration_s=max(first.duration_s, second.duration_s),
        worker=worse.worker,
        reason=worse.reason or first.reason or second.reason,
        reproduce=first.reproduce or second.reproduce,
        phases=first.phases + second.phases,
        is_in_order=first.is_in_order,
    )


def _bare_entry(nodeid: str, occurrence: int, suite: str) -> Entry:
    """An entry of which only the node id is known."""
    return Entry(
        kind=EntryKind.TEST,
        nodeid=nodeid,
        occurrence=occurrence,
        outcome=Outcome.NOT_RUN,
        suite=suite,
        category=None,
        path=nodeid.partition("::")[0],
        line=0,
        classname="",
        name="",
        attempts=(),
    )
