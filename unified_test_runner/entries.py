"""One entry for each test or file: how it ended, and what it takes to explain that.

Most tests pass, and nobody asks for more than their number. They are kept as short tuples,
and made into entries when somebody does ask.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, ValuesView
from typing import TYPE_CHECKING

from unified_test_runner.light import dataclass
from unified_test_runner.model import EntryKind, Outcome, PhaseResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from unified_test_runner.events import TestsPassed
    from unified_test_runner.model import Measured

#: An entry's identity: what it stands for, its node id, which one of that name.
Key = tuple[EntryKind, str, int]

_BAD = frozenset(outcome for outcome in Outcome if outcome.is_bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a test: the first, a retry, or the repetition of that number.

    `phases` are kept for bad outcomes only. `is_in_order`: all tests before it in its file ran
    before it, in the same process, as they had not for the attempts before.
    """

    number: int
    outcome: Outcome
    duration_s: float
    worker: int
    reason: str = ""
    reproduce: str = ""
    phases: tuple[PhaseResult, ...] = ()
    repetition: int = 1
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
    resident set gained during the last attempt; `label` a plugin's own name for the outcome. Of
    a test that was repeated `repetitions` times, `bad_repetitions` of them in vain, only the
    first bad attempts and the last one are kept.
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
    repetitions: int = 1
    bad_repetitions: int = 0
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
        """The attempt that explains the outcome.

        That is the last bad one, of repetitions the first as bad as the outcome; else the last.
        """
        if self.last.is_in_order:
            return self.last
        bad = [attempt for attempt in self.attempts if attempt.outcome in _BAD]
        if self.repetitions > 1:
            return next((each for each in bad if each.outcome is self.outcome), self.last)
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


class Entries(Mapping[Key, Entry]):
    """All entries by identity, in the order in which they first ended."""

    def __init__(self) -> None:
        # A test that is the first of its name is known by the name alone; tests that passed in
        # a row have one place together, under a number.
        self._found: dict[Key | str | int, Entry | TestsPassed] = {}
        self._changed: dict[str, Entry] = {}
        self._places: dict[str, tuple[TestsPassed, int]] = {}
        self._unsorted: list[TestsPassed] = []
        self._count = 0

    def __getitem__(self, key: Key) -> Entry:
        """Return an entry by its identity."""
        short = _short(key)
        found = self._found.get(short)
        if isinstance(found, Entry):
            return found
        if not isinstance(short, str):
            raise KeyError(key)
        self._sort()
        passed, index = self._places[short]
        return self._changed.get(short) or entry_of(passed, index)

    def __iter__(self) -> Iterator[Key]:
        """Yield every identity."""
        return (entry.key for entry in self.each())

    def __len__(self) -> int:
        """Count the entries."""
        return self._count

    def values(self) -> ValuesView[Entry]:
        """Return a view of the entries."""
        return _Values(self)

    def put(self, entry: Entry) -> None:
        """Add an entry, in the place of what was known of it before."""
        short = _short(entry.key)
        self._sort()
        if isinstance(short, str) and short in self._places:
            self._changed[short] = entry
            return
        self._count += short not in self._found
        self._found[short] = entry

    def has_any(self, nodeids: Iterable[str]) -> bool:
        """Whether more is known of one of these tests than that it passed in its first run."""
        return not self._found.keys().isdisjoint(nodeids)

    def pass_all(self, passed: TestsPassed) -> None:
        """Add tests that passed, of whose names there was none before."""
        self._found[len(self._found)] = passed
        self._unsorted.append(passed)
        self._count += len(passed.nodeids)

    def told(self, paths: Collection[str] = ()) -> Iterator[Entry]:
        """Yield, in order, the entries of which there is more to tell than that they passed.

        And all those of the files at `paths`.
        """
        for found in self._found.values():
            if isinstance(found, Entry):
                yield found
            elif found.path in paths:
                yield from (
                    self._changed.get(nodeid) or entry_of(found, index)
                    for index, nodeid in enumerate(found.nodeids)
                )
            elif self._changed:
                yield from (self._changed[name] for name in found.nodeids if name in self._changed)

    def slowest(self, count: int) -> list[Entry]:
        """Return the tests that took longest, longest first."""
        return self._largest(count, lambda entry: entry.duration_s, lambda passed: passed[0])

    def grown(self, count: int) -> list[Entry]:
        """Return the tests that made their worker grow most, the worst first."""
        return self._largest(
            count, lambda entry: entry.growth_bytes, lambda passed: passed[3] - passed[2]
        )

    def places(self) -> Iterator[tuple[Entry | TestsPassed, int]]:
        """Yield every entry as it is kept: itself, or its place among tests that passed."""
        for found in self._found.values():
            if isinstance(found, Entry):
                yield found, 0
                continue
            for index, nodeid in enumerate(found.nodeids):
                yield self._changed.get(nodeid, found), index

    def each(self) -> Iterator[Entry]:
        """Yield every entry."""
        return (_at(found, index) for found, index in self.places())

    def _sort(self) -> None:
        """Find out where each test is, which nobody asks for while all of them pass."""
        for passed in self._unsorted:
            self._places.update((nodeid, (passed, n)) for n, nodeid in enumerate(passed.nodeids))
        self._unsorted.clear()

    def _largest(
        self,
        count: int,
        size: Callable[[Entry], float],
        size_of_passed: Callable[[Measured], float],
    ) -> list[Entry]:
        # Of several of one size the first one comes first; no entry is ever compared.
        sizes = (
            (
                size(found) if isinstance(found, Entry) else size_of_passed(found.measured[index]),
                -number,
                found,
                index,
            )
            for number, (found, index) in enumerate(self.places())
            if not isinstance(found, Entry) or found.kind is EntryKind.TEST
        )
        return [_at(found, index) for _, _, found, index in heapq.nlargest(count, sizes)]


class _Values(ValuesView[Entry]):
    """Makes each entry once, without looking it up."""

    def __init__(self, entries: Entries) -> None:
        super().__init__(entries)
        self._entries = entries

    def __iter__(self) -> Iterator[Entry]:
        return self._entries.each()


def _at(found: Entry | TestsPassed, index: int) -> Entry:
    return found if isinstance(found, Entry) else entry_of(found, index)


def _short(key: Key) -> Key | str:
    kind, nodeid, occurrence = key
    return key if occurrence or kind is not EntryKind.TEST else nodeid


def entry_of(passed: TestsPassed, index: int) -> Entry:
    """Return the entry of one of several tests that passed in a row."""
    duration_s, _, before, after, *_ = passed.measured[index]
    attempt = Attempt(number=1, outcome=Outcome.PASSED, duration_s=duration_s, worker=passed.worker)
    return Entry(
        kind=EntryKind.TEST,
        nodeid=passed.nodeids[index],
        occurrence=0,
        outcome=Outcome.PASSED,
        suite=passed.suite,
        category=passed.category,
        path=passed.path,
        line=passed.lines[index],
        classname=passed.classnames[index],
        name=passed.names[index],
        attempts=(attempt,),
        growth_bytes=after - before,
    )


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip()
