"""Parts of units that run by themselves, and who may take which. Pure; used by the scheduler.

A unit starts as one range over all of its tests. A worker that gives away the end of its
range makes a second one, and so on; together they always cover every test exactly once.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner import steps
from unified_test_runner.locks import is_free
from unified_test_runner.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from unified_test_runner.steps import GroupPlan, UnitPlan

#: What a unit's `keep_together` must be for its tests to be divided between workers.
DIVISIBLE = frozenset({"auto", "class", "test"})


class SlotState(enum.Enum):
    """What a slot is doing."""

    FREE = enum.auto()
    OPENING = enum.auto()
    LIVE = enum.auto()
    CLOSING = enum.auto()


@dataclass(slots=True)
class Slot:
    """A place for one worker at a time."""

    number: int
    state: SlotState = SlotState.FREE
    group: int = -1


@dataclass(slots=True, eq=False)
class File:
    """What all ranges of one unit share.

    `ranges` counts those that are not over. `suspects` are tests that ended badly while
    tests before them in their file had run in another process.
    """

    plan: UnitPlan
    is_whole: bool = False
    ranges: int = 1
    tests: int = 0
    spent_s: float = 0.0
    suspects: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.is_whole = (
            self.plan.keep_together not in DIVISIBLE
            or bool(self.plan.bundle)
            or bool(self.plan.locks)
            or self.plan.is_serial
            or self.plan.again is not None
        )


@dataclass(slots=True, eq=False)
class Range:
    """Tests of a unit, from `start` until before `stop` (None: to the end), for one worker.

    `first` is where it started out, and names it. `ids` are those of the whole file. `giver`
    is the worker that gave it away, until the one who took it has found the same tests in
    its file; `bound` the only worker that should have it while that lives. `counted` None
    means that all outcomes count; otherwise the others are run only to come in order, in a
    worker that has run nothing.
    """

    file: File
    ids: tuple[str, ...] | None = None
    first: int = 0
    start: int = 0
    stop: int | None = None
    handouts: int = 0
    giver: int | None = None
    bound: int | None = None
    is_forced: bool = False
    counted: frozenset[int] | None = None

    @property
    def plan(self) -> UnitPlan:
        """The unit it is a part of."""
        return self.file.plan

    @property
    def rest(self) -> tuple[str, ...] | None:
        """The tests that have not ended, None while nobody knows them."""
        return None if self.ids is None else self.ids[self.start : self.stop]

    @property
    def expected(self) -> tuple[str, ...]:
        """The tests that a worker must find in the file to run this part; empty: any."""
        is_part = self.first > 0 or self.counted is not None
        return self.ids or () if is_part and not self.is_forced else ()

    @property
    def wants_fresh(self) -> bool:
        """Whether it is for a worker that has run nothing."""
        return self.counted is not None or self.plan.again is not None

    def __contains__(self, index: int) -> bool:
        stop = len(self.ids or ()) if self.stop is None else self.stop
        return self.start <= index < stop

    def suspect(self, index: int) -> None:
        """A test ended badly: not its own fault, perhaps, where those before it ran elsewhere."""
        if self.first and self.counted is None:
            self.file.suspects.add(index)
            self.file.is_whole = True

    def distrust(self) -> None:
        """A worker does not find the same tests: back to the giver, or to anyone as it is."""
        if self.expected:
            self.file.is_whole = True
            self.is_forced = self.giver is None
            self.bound, self.giver = self.giver, None

    def give(self, index: int, giver: int) -> Range:
        """Cut off what lies from `index` on, and return it."""
        given = Range(file=self.file, ids=self.ids, first=index, start=index, stop=self.stop)
        given.giver = giver
        self.stop = index
        self.file.ranges += 1
        return given

    def rerun(self) -> Range:
        """The file again, in order, up to the last suspect."""
        counted, self.file.suspects = frozenset(self.file.suspects), set()
        self.file.ranges = 1
        return Range(file=self.file, ids=self.ids, stop=max(counted) + 1, counted=counted)


@dataclass(slots=True, eq=False)
class Worker:
    """What is known of a worker. `bundle` is that of the unit it took last.

    `is_fresh`: it has run nothing. `is_spent`: it takes nothing more but the rest of its bundle.
    """

    number: int
    slot: int
    group: int
    is_ready: bool = False
    is_ending: bool = False
    unit: Range | None = None
    has_begun: bool = False
    has_collected: bool = False
    running: int | None = None
    is_spent: bool = False
    overdue: str = ""
    overdue_is: Outcome = Outcome.TIMED_OUT
    bundle: str = ""
    is_fresh: bool = True
    is_asked: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether it waits for something to do."""
        return self.is_ready and not self.is_ending and self.unit is None

    def take(self, unit: Range, *, is_repeated: bool) -> steps.Assign:
        """Have a range in hand from now on; returns the action that says so."""
        self.unit, self.running = unit, None
        self.has_begun = self.has_collected = self.is_asked = self.is_fresh = False
        self.is_spent = self.is_spent or unit.plan.again is not None
        self.bundle = unit.plan.bundle
        unit.handouts += 1
        return steps.Assign(
            worker=self.number,
            unit=unit.plan,
            start=unit.start,
            stop=unit.stop,
            first=unit.first,
            giver=unit.giver,
            ids=unit.expected,
            counted=unit.counted,
            is_repeated=is_repeated,
        )

    def end_test(self, unit: Range, done: steps.TestDone) -> None:
        """The running test of the range in hand is over."""
        index = self.running if self.running is not None else 0
        self._end_tests(unit, index, 1, done.duration_s)
        if done.is_bad:
            unit.suspect(index)

    def pass_tests(self, unit: Range, passed: steps.TestsPassed) -> None:
        """Tests of the range in hand have passed."""
        self._end_tests(unit, passed.index, passed.count, passed.duration_s)

    def _end_tests(self, unit: Range, last: int, count: int, duration_s: float) -> None:
        unit.start = last + 1
        unit.handouts = 0
        self.running = None
        unit.file.tests += count
        unit.file.spent_s += duration_s

    def lose_test(self, unit: Range, index: int, outcome: Outcome, reason: str) -> steps.LoseTest:
        """It died in this test of the range in hand; returns the action that says so."""
        unit.start = index + 1
        unit.suspect(index)
        return steps.LoseTest(
            worker=self.number, unit=unit.plan, index=index, outcome=outcome, reason=reason
        )

    def judge(self, cause: str, kill_reason: str) -> tuple[Outcome, str]:
        """Say what its death is to what it was doing; `kill_reason`: why all were killed."""
        if kill_reason:
            return Outcome.NOT_RUN, f"did not end: {kill_reason}"
        if self.overdue:
            return self.overdue_is, self.overdue
        return Outcome.CRASHED, cause

    @property
    def untouched(self) -> int | None:
        """How many tests it could give away; None before it has collected them.

        It answers between two tests, and keeps the one that is next.
        """
        unit = self.unit
        if unit is None or not self.has_collected or unit.ids is None:
            return None
        stop = len(unit.ids) if unit.stop is None else unit.stop
        following = unit.start if self.running is None else self.running + 1
        return max(0, stop - following - 1)

    @property
    def may_give(self) -> bool:
        """Whether some of its tests could go to another worker, now or later."""
        if self.unit is None or self.is_ending or self.overdue or self.unit.file.is_whole:
            return False
        return self.unit.counted is None and self.untouched != 0

    @property
    def rest_s(self) -> float:
        """An estimate of how long what it could give away would take."""
        if self.unit is None or not self.unit.file.tests:
            return 0.0
        return (self.untouched or 0) * self.unit.file.spent_s / self.unit.file.tests


@dataclass(slots=True)
class Group:
    """A group of units with what waits of it."""

    plan: GroupPlan
    pending: deque[Range] = field(default_factory=deque)
    is_walked: bool = False
    walked: tuple[UnitPlan, ...] = ()
    startup_deaths: int = 0
    failure: str = ""
    refused: set[int] = field(default_factory=set)


class Roster:
    """The workers that live, and what of `pending` each may take."""

    def __init__(self) -> None:
        self.workers: dict[int, Worker] = {}

    def of(self, group: Group) -> list[Worker]:
        """The workers of a group that are not told to end."""
        index = group.plan.index
        return [w for w in self.workers.values() if w.group == index and not w.is_ending]

    def givers(self, group: Group) -> list[Worker]:
        """Workers to ask for tests, one for each idle one, those first who have most left."""
        crew = self.of(group)
        idle = sum(worker.is_idle for worker in crew)
        return sorted((w for w in crew if w.may_give), key=lambda w: -w.rest_s)[:idle]

    def take(self, group: Group, worker: Worker) -> Range | None:
        """Remove and return what a worker is to run next: more of its bundle, else the first."""
        if worker.number in group.refused:
            return None
        mine = self._index(group, worker, own=True) if worker.bundle else None
        is_free = mine is None and not worker.is_spent
        index = self._index(group, worker, own=False) if is_free else mine
        if index is None:
            return None
        unit = group.pending[index]
        del group.pending[index]
        return unit

    def _index(self, group: Group, worker: Worker, *, own: bool) -> int | None:
        for index, unit in enumerate(group.pending):
            if own and unit.plan.bundle != worker.bundle:
                continue
            is_fit = worker.is_fresh or not unit.wants_fresh
            if is_fit and not self._is_reserved(unit, worker) and self.is_free(unit.plan):
                return index
        return None

    def is_free(self, plan: UnitPlan) -> bool:
        """Whether a unit may start beside what all workers have in hand."""
        return is_free(plan, self._busy())

    def _busy(self) -> list[UnitPlan]:
        return [other.unit.plan for other in self.workers.values() if other.unit is not None]

    def is_held_up(self, group: Group) -> bool:
        """Whether something waits only for what others have in hand."""
        return any(not self.is_free(unit.plan) for unit in group.pending)

    def _is_reserved(self, unit: Range, worker: Worker | None = None) -> bool:
        """Whether another worker should have it."""
        bundle = unit.plan.bundle
        if unit.bound is None and not bundle:
            return False
        return any(
            other is not worker
            and not other.is_ending
            and (other.number == unit.bound or bool(bundle and other.bundle == bundle))
            for other in self.workers.values()
        )

    def waiting(self, group: Group) -> int:
        """How many workers could start on something that waits, each with something else."""
        bundles: set[str] = set()
        busy = self._busy()
        count = 0
        for unit in group.pending:
            if self._is_reserved(unit) or unit.plan.bundle in bundles:
                continue
            if unit.plan.locks or unit.plan.is_serial or any(each.is_serial for each in busy):
                if not is_free(unit.plan, busy):
                    continue
                busy.append(unit.plan)
            if unit.plan.bundle:
                bundles.add(unit.plan.bundle)
            count += 1
        return count

    def is_answerable(self, worker: Worker, pending: Iterable[Range]) -> bool:
        """Whether a worker gave away what nobody has yet found to be the same tests."""
        held = (other.unit for other in self.workers.values() if other.unit is not None)
        return any(
            worker.number in {unit.giver, unit.bound} for units in (pending, held) for unit in units
        )


def in_order(units: Sequence[UnitPlan], slots: int) -> deque[Range]:
    """Natural order, but a file that would dominate the run goes first.

    File order is something suites come to rely on, so it is changed only for a file, or a
    bundle of files, larger than half of one worker's share. Urgent ones go before all others.
    """
    sizes: dict[object, int] = {}
    for unit in units:
        sizes[unit.bundle or unit.key] = sizes.get(unit.bundle or unit.key, 0) + unit.size_bytes
    bound = sum(sizes.values()) / (2 * max(slots, 1))
    large = [name for name, size in sizes.items() if slots > 1 and size > bound > 0]
    large.sort(key=lambda name: -sizes[name])
    first = [unit for name in large for unit in units if (unit.bundle or unit.key) == name]
    chosen = set(large)
    rest = [unit for unit in units if (unit.bundle or unit.key) not in chosen]
    ordered = sorted([*first, *rest], key=lambda unit: not unit.is_urgent)
    return deque(Range(File(unit)) for unit in ordered)
