"""The scheduler against a simulated world in which anything may die at any moment."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unified_test_runner import steps
from unified_test_runner.itinerary import Booking, Itinerary
from unified_test_runner.model import Outcome, UnitKey
from unified_test_runner.scheduler import HANDOUTS, STARTUP_DEATHS, Scheduler
from unified_test_runner.steps import GroupPlan, UnitPlan


def unit(path: str, size: int = 10) -> UnitPlan:
    return UnitPlan(key=UnitKey(path=path), suite="s", size_bytes=size)


def group(*paths: str, index: int = 0) -> GroupPlan:
    return GroupPlan(index=index, units=tuple(unit(path) for path in paths))


@dataclass
class Hand:
    """What a simulated worker is doing."""

    slot: int
    group: int
    unit: UnitPlan | None = None
    start: int = 0
    stage: str = "starting"
    index: int = -1
    is_told_to_end: bool = False


@dataclass
class World:
    """Obeys actions and answers with what could really happen, as `draw` decides."""

    scheduler: Scheduler
    groups: dict[int, GroupPlan]
    tests: dict[str, int]
    ends: Counter[tuple[str, int]] = field(default_factory=Counter)
    lost_files: Counter[str] = field(default_factory=Counter)
    slots: dict[int, str] = field(default_factory=dict)
    slot_groups: dict[int, int] = field(default_factory=dict)
    workers: dict[int, Hand] = field(default_factory=dict)
    has_ended: bool = False
    queue: deque[steps.Action] = field(default_factory=deque)

    def tell(self, happened: steps.Input) -> None:
        self.queue.extend(self.scheduler.handle(happened))
        while self.queue:
            self.obey(self.queue.popleft())

    def obey(self, action: steps.Action) -> None:
        assert not self.has_ended, f"{action} after the end"
        match action:
            case steps.OpenSlot():
                assert self.slots.get(action.slot, "free") == "free"
                self.slots[action.slot] = "opening"
                self.slot_groups[action.slot] = action.group
            case steps.Fork():
                assert self.slots[action.slot] == "opening"
                self.slots[action.slot] = "live"
                self.workers[action.worker] = Hand(action.slot, action.group)
            case steps.CloseSlot():
                assert self.slots[action.slot] in {"opening", "live"}
                self.slots[action.slot] = "closing"
            case steps.Assign():
                hand = self.workers[action.worker]
                assert hand.unit is None
                assert not hand.is_told_to_end
                hand.unit, hand.start, hand.stage = action.unit, action.start, "assigned"
            case steps.Finish() | steps.Drain() | steps.Kill():
                self.workers[action.worker].is_told_to_end = True
            case steps.LoseTest():
                self.ends[action.unit.key.path, action.index] += 1
            case steps.LoseUnit():
                self.lose(action)
            case steps.End():
                assert not self.workers
                self.has_ended = True

    def lose(self, action: steps.LoseUnit) -> None:
        path = action.unit.key.path
        if action.ids is None:
            self.lost_files[path] += 1
            return
        for name in action.ids:
            self.ends[path, int(name)] += 1

    # --- what can happen next

    def step(self, data: st.DataObject) -> None:
        moves = [f"slot {n}" for n, s in self.slots.items() if s in {"opening", "closing"}]
        moves += [f"worker {n}" for n in self.workers]
        move, number = data.draw(st.sampled_from(sorted(moves))).split()
        if move == "slot":
            self.move_slot(int(number), data)
        else:
            self.move_worker(int(number), data)

    def move_slot(self, number: int, data: st.DataObject) -> None:
        if self.slots[number] == "closing":
            self.slots[number] = "free"
            self.tell(steps.SlotClosed(slot=number))
        elif data.draw(st.integers(0, 19)) == 0:
            self.tell(steps.SlotFailed(slot=number, reason="no server"))
        else:
            self.tell(steps.SlotOpened(slot=number))

    def move_worker(self, number: int, data: st.DataObject) -> None:
        hand = self.workers[number]
        if data.draw(st.integers(0, 14)) == 0 or (hand.is_told_to_end and hand.unit is None):
            del self.workers[number]
            self.tell(steps.WorkerExited(worker=number, cause="died"))
            return
        getattr(self, f"do_{hand.stage}")(number, hand, data)

    def do_starting(self, number: int, hand: Hand, data: st.DataObject) -> None:
        if data.draw(st.integers(0, 19)) == 0:
            self.tell(steps.GroupFailed(group=hand.group, reason="no pytest"))
        if data.draw(st.integers(0, 9)) == 0:
            hand.is_told_to_end = True
            self.tell(steps.WorkerMisfit(worker=number))
            return
        hand.stage = "ready"
        self.tell(steps.WorkerWalked(worker=number, units=self.groups[hand.group].units))

    def do_ready(self, number: int, hand: Hand, data: st.DataObject) -> None:
        pass

    def do_assigned(self, number: int, hand: Hand, data: st.DataObject) -> None:
        assert hand.unit is not None
        if data.draw(st.integers(0, 29)) == 0:
            hand.unit, hand.stage = None, "ready"
            self.tell(steps.UnitUnknown(worker=number))
            return
        self.tell(steps.UnitBegun(worker=number))
        hand.stage, hand.index = "collecting", hand.start

    def do_collecting(self, number: int, hand: Hand, data: st.DataObject) -> None:
        assert hand.unit is not None
        count = self.tests[hand.unit.key.path]
        hand.stage = "between"
        self.tell(steps.UnitCollected(worker=number, ids=tuple(map(str, range(count)))))

    def do_between(self, number: int, hand: Hand, data: st.DataObject) -> None:
        assert hand.unit is not None
        if hand.index >= self.tests[hand.unit.key.path] or hand.is_told_to_end:
            hand.unit, hand.stage = None, "ready"
            if data.draw(st.integers(0, 4)) == 0:
                self.tell(steps.RecycleWanted(worker=number))
            self.tell(steps.UnitDone(worker=number, ran=hand.index))
        else:
            hand.stage = "running"
            self.tell(steps.TestBegun(worker=number, index=hand.index))

    def do_running(self, number: int, hand: Hand, data: st.DataObject) -> None:
        assert hand.unit is not None
        self.ends[hand.unit.key.path, hand.index] += 1
        hand.index += 1
        hand.stage = "between"
        self.tell(steps.TestDone(worker=number))


def bookings(groups: list[GroupPlan], slots: int) -> st.SearchStrategy[list[Booking]]:
    """Any record at all: units twice, units that are not there, stints in a muddle."""
    found = [(g.index, UnitKey(path=path)) for g in groups for path in (f"g{g.index}/gone", "x")]
    found += [(g.index, u.key) for g in groups for u in g.units]
    booking = st.tuples(st.integers(0, slots - 1), st.integers(0, 3), st.sampled_from(found))
    return st.lists(
        booking.map(lambda b: Booking(slot=b[0], stint=b[1], group=b[2][0], key=b[2][1])),
        max_size=12,
    )


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_every_test_ends_exactly_once_whatever_dies(data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.lists(st.integers(0, 4), max_size=5), min_size=1, max_size=3))
    groups = [
        group(*(f"g{g}/u{u}" for u in range(len(sizes))), index=g) for g, sizes in enumerate(counts)
    ]
    tests = {f"g{g}/u{u}": n for g, sizes in enumerate(counts) for u, n in enumerate(sizes)}
    slots = data.draw(st.integers(1, 4))
    itinerary = Itinerary(data.draw(bookings(groups, slots))) if data.draw(st.booleans()) else None
    world = World(
        Scheduler(groups, slots, itinerary=itinerary), {g.index: g for g in groups}, tests
    )
    world.tell(steps.Begin())
    interruption = data.draw(st.sampled_from([None, None, "drain", "kill"]))
    at = data.draw(st.integers(0, 40))
    taken = 0
    while not world.has_ended:
        taken += 1
        assert taken < 5000, "the run does not end"
        if taken == at and interruption == "drain":
            world.tell(steps.DrainWanted(reason="stop"))
        elif taken == at and interruption == "kill":
            world.tell(steps.KillWanted(reason="stop"))
        else:
            world.step(data)
    for path, count in tests.items():
        ended = [world.ends[path, index] for index in range(count)]
        if world.lost_files[path]:
            assert world.lost_files[path] == 1
            assert sum(ended) == 0, f"{path} was lost as a whole, and yet ran"
        else:
            assert ended == [1] * count, path


@dataclass
class Recorder(World):
    """Nothing fails here; notes which slot took what, and with which worker."""

    taken: list[tuple[int, int, UnitKey]] = field(default_factory=list)

    def obey(self, action: steps.Action) -> None:
        super().obey(action)
        if isinstance(action, steps.Assign):
            slot = self.workers[action.worker].slot
            self.taken.append((slot, action.worker, action.unit.key))

    def move(self, data: st.DataObject) -> None:
        moves = [(self.slot_moves, n) for n, s in self.slots.items() if s in {"opening", "closing"}]
        moves += [
            (self.worker_moves, n)
            for n, hand in self.workers.items()
            if hand.stage != "ready" or hand.is_told_to_end
        ]
        assert moves, "everybody waits"
        move, number = data.draw(st.sampled_from(moves))
        move(number)

    def slot_moves(self, number: int) -> None:
        is_closing = self.slots[number] == "closing"
        self.slots[number] = "free" if is_closing else "opening"
        self.tell((steps.SlotClosed if is_closing else steps.SlotOpened)(slot=number))

    def worker_moves(self, number: int) -> None:
        hand = self.workers[number]
        if hand.stage == "starting":
            hand.stage = "ready"
            self.tell(steps.WorkerWalked(worker=number, units=self.groups[hand.group].units))
        elif hand.unit is None:
            del self.workers[number]
            self.tell(steps.WorkerExited(worker=number, cause="finished"))
        else:
            hand.unit, hand.stage = None, "ready"
            self.tell(steps.UnitDone(worker=number, ran=0))

    def by_stint(self) -> dict[int, list[list[UnitKey]]]:
        """Slot → what its workers took, worker by worker."""
        stints: dict[tuple[int, int], list[UnitKey]] = {}
        for slot, worker, key in self.taken:
            stints.setdefault((slot, worker), []).append(key)
        found: dict[int, list[list[UnitKey]]] = {}
        for (slot, _), keys in sorted(stints.items()):
            found.setdefault(slot, []).append(keys)
        return found


def finished(plan: list[GroupPlan], slots: int, itinerary: Itinerary | None, data) -> Recorder:
    tests = {unit.key.path: 0 for each in plan for unit in each.units}
    world = Recorder(Scheduler(plan, slots, itinerary=itinerary), {g.index: g for g in plan}, tests)
    world.tell(steps.Begin())
    while not world.has_ended:
        world.move(data)
    return world


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_an_order_is_repeated_slot_by_slot_and_worker_by_worker(data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(0, 8), min_size=1, max_size=3))
    slots = data.draw(st.integers(1, 4))
    plan = [group(*(f"g{g}/u{u}" for u in range(n)), index=g) for g, n in enumerate(counts)]
    first = finished(plan, slots, None, data)
    record = [
        Booking(slot=slot, stint=worker, group=int(key.path[1]), key=key)
        for slot, worker, key in first.taken
    ]
    assert finished(plan, slots, Itinerary(record), data).by_stint() == first.by_stint()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_an_order_does_not_name_runs_after_it(data: st.DataObject) -> None:
    plan = group(*(f"u{u}" for u in range(data.draw(st.integers(1, 8)))))
    slots = data.draw(st.integers(1, 3))
    drawn = data.draw(st.lists(st.sampled_from(plan.units), unique=True))
    keys = [each.key for each in drawn]
    places = data.draw(st.lists(st.integers(0, slots - 1), min_size=len(keys), max_size=len(keys)))
    record = [
        Booking(slot=slot, stint=slot, group=0, key=key)
        for slot, key in zip(places, keys, strict=True)
    ]
    world = finished([plan], slots, Itinerary(record), data)
    for slot in range(slots):
        mine = [key for place, key in zip(places, keys, strict=True) if place == slot]
        ran = [key for place, _, key in world.taken if place == slot]
        assert ran[: len(mine)] == mine
        assert set(ran[len(mine) :]).isdisjoint(keys)
    assert sorted(key for _, _, key in world.taken) == sorted(each.key for each in plan.units)
    loose = [key for _, _, key in world.taken if key not in keys]
    assert loose == [each.key for each in plan.units if each.key not in keys]


def test_begin_opens_no_more_slots_than_units() -> None:
    scheduler = Scheduler([group("a", "b")], slots=8)
    assert scheduler.handle(steps.Begin()) == [
        steps.OpenSlot(slot=0, group=0),
        steps.OpenSlot(slot=1, group=0),
    ]


def test_an_empty_plan_ends_at_once() -> None:
    assert Scheduler([], slots=2).handle(steps.Begin()) == [steps.End()]


def started(paths: tuple[str, ...], slots: int = 1) -> tuple[Scheduler, list[steps.Action]]:
    """A scheduler whose first worker has walked; returns what followed from that."""
    plan = group(*paths)
    scheduler = Scheduler([plan], slots)
    scheduler.handle(steps.Begin())
    scheduler.handle(steps.SlotOpened(slot=0))
    return scheduler, scheduler.handle(steps.WorkerWalked(worker=0, units=plan.units))


def test_files_are_handed_out_in_natural_order() -> None:
    scheduler, actions = started(("a", "b"))
    assert actions == [steps.Assign(worker=0, unit=unit("a"), start=0)]
    scheduler.handle(steps.UnitBegun(worker=0))
    scheduler.handle(steps.UnitCollected(worker=0, ids=()))
    assert scheduler.handle(steps.UnitDone(worker=0, ran=0)) == [
        steps.Assign(worker=0, unit=unit("b"), start=0)
    ]


def test_a_file_that_dominates_goes_first() -> None:
    plan = GroupPlan(index=0, units=(unit("a", 10), unit("b", 10), unit("z", 500)))
    scheduler = Scheduler([plan], 2)
    scheduler.handle(steps.Begin())
    scheduler.handle(steps.SlotOpened(slot=0))
    assert scheduler.handle(steps.WorkerWalked(worker=0, units=plan.units)) == [
        steps.Assign(worker=0, unit=unit("z", 500), start=0)
    ]


def test_a_crash_is_the_running_tests_and_the_rest_goes_on_in_a_fresh_worker() -> None:
    scheduler, _ = started(("a",))
    for happened in (
        steps.UnitBegun(worker=0),
        steps.UnitCollected(worker=0, ids=("t0", "t1", "t2")),
        steps.TestBegun(worker=0, index=0),
        steps.TestDone(worker=0),
        steps.TestBegun(worker=0, index=1),
    ):
        scheduler.handle(happened)
    assert scheduler.handle(steps.WorkerExited(worker=0, cause="killed by SIGSEGV")) == [
        steps.CloseSlot(slot=0),
        steps.LoseTest(
            worker=0,
            unit=unit("a"),
            index=1,
            outcome=Outcome.CRASHED,
            reason="killed by SIGSEGV",
        ),
    ]
    assert scheduler.handle(steps.SlotClosed(slot=0)) == [steps.OpenSlot(slot=0, group=0)]
    assert scheduler.handle(steps.SlotOpened(slot=0)) == [steps.Fork(worker=1, slot=0, group=0)]
    assert scheduler.handle(steps.WorkerWalked(worker=1, units=(unit("a"),))) == [
        steps.Assign(worker=1, unit=unit("a"), start=2)
    ]


def test_a_worker_that_is_to_be_replaced_gets_no_other_unit() -> None:
    scheduler, _ = started(("a", "b"))
    scheduler.handle(steps.UnitBegun(worker=0))
    scheduler.handle(steps.UnitCollected(worker=0, ids=()))
    assert scheduler.handle(steps.RecycleWanted(worker=0)) == []
    assert scheduler.handle(steps.UnitDone(worker=0, ran=0)) == [steps.Finish(worker=0)]
    assert scheduler.handle(steps.WorkerExited(worker=0, cause="")) == [steps.CloseSlot(slot=0)]
    assert scheduler.handle(steps.SlotClosed(slot=0)) == [steps.OpenSlot(slot=0, group=0)]
    assert scheduler.handle(steps.SlotOpened(slot=0)) == [steps.Fork(worker=1, slot=0, group=0)]
    (assigned,) = scheduler.handle(steps.WorkerWalked(worker=1, units=(unit("b"),)))
    assert assigned == steps.Assign(worker=1, unit=unit("b"), start=0)


@pytest.mark.parametrize("outcome", [Outcome.TIMED_OUT, Outcome.CRASHED])
def test_a_worker_that_is_ended_for_a_bound_says_which(outcome: Outcome) -> None:
    scheduler, _ = started(("a",))
    scheduler.handle(steps.UnitBegun(worker=0))
    scheduler.handle(steps.UnitCollected(worker=0, ids=("t0", "t1")))
    scheduler.handle(steps.TestBegun(worker=0, index=0))
    scheduler.handle(steps.Overdue(worker=0, reason="too much", outcome=outcome))
    actions = scheduler.handle(steps.WorkerExited(worker=0, cause="killed by SIGKILL"))
    (lost,) = [action for action in actions if isinstance(action, steps.LoseTest)]
    assert (lost.outcome, lost.reason) == (outcome, "too much")


def test_a_crash_at_import_is_the_files() -> None:
    scheduler, _ = started(("a",))
    scheduler.handle(steps.UnitBegun(worker=0))
    actions = scheduler.handle(steps.WorkerExited(worker=0, cause="killed by SIGSEGV"))
    (lost,) = [action for action in actions if isinstance(action, steps.LoseUnit)]
    assert (lost.ids, lost.outcome) == (None, Outcome.CRASHED)


@pytest.mark.parametrize("is_running", [True, False])
def test_a_death_at_the_end_of_a_file_ends_the_file(is_running: bool) -> None:
    scheduler, _ = started(("a",))
    for happened in (
        steps.UnitBegun(worker=0),
        steps.UnitCollected(worker=0, ids=("t0",)),
        steps.TestBegun(worker=0, index=0),
        *([] if is_running else [steps.TestDone(worker=0)]),
    ):
        scheduler.handle(happened)
    actions = scheduler.handle(steps.WorkerExited(worker=0, cause="killed by SIGSEGV"))
    (lost,) = [action for action in actions if isinstance(action, steps.LoseUnit)]
    assert lost.ids == ()


def test_workers_that_die_at_start_give_their_group_up() -> None:
    scheduler = Scheduler([group("a")], slots=1)
    scheduler.handle(steps.Begin())
    for worker in range(STARTUP_DEATHS):
        scheduler.handle(steps.SlotOpened(slot=0))
        actions = scheduler.handle(steps.WorkerExited(worker=worker, cause="exit 3"))
        closed = scheduler.handle(steps.SlotClosed(slot=0))
    lost = [action for action in actions if isinstance(action, steps.LoseUnit)]
    assert [action.outcome for action in lost] == [Outcome.ERROR]
    assert closed == [steps.End()]


def test_workers_that_do_not_fit_are_replaced_however_many_they_are() -> None:
    scheduler = Scheduler([group("a")], slots=1)
    scheduler.handle(steps.Begin())
    for worker in range(STARTUP_DEATHS + 1):
        (fork,) = scheduler.handle(steps.SlotOpened(slot=0))
        assert fork == steps.Fork(worker=worker, slot=0, group=0)
        assert scheduler.handle(steps.WorkerMisfit(worker=worker)) == []
        closed = scheduler.handle(steps.WorkerExited(worker=worker, cause="exit 4"))
        assert closed == [steps.CloseSlot(slot=0)]
        assert scheduler.handle(steps.SlotClosed(slot=0)) == [steps.OpenSlot(slot=0, group=0)]


def test_a_unit_that_nobody_knows_is_given_up() -> None:
    scheduler, actions = started(("a",))
    lost: list[steps.Action] = []
    for worker in range(HANDOUTS):
        actions = scheduler.handle(steps.UnitUnknown(worker=worker))
        lost += [action for action in actions if isinstance(action, steps.LoseUnit)]
        if lost:
            break
        scheduler.handle(steps.WorkerExited(worker=worker, cause="finished"))
        scheduler.handle(steps.SlotClosed(slot=0))
        scheduler.handle(steps.SlotOpened(slot=0))
        scheduler.handle(steps.WorkerWalked(worker=worker + 1, units=(unit("a"),)))
    assert len(lost) == 1


def test_a_drain_leaves_what_never_started_as_not_run() -> None:
    scheduler, _ = started(("a", "b"))
    assert scheduler.handle(steps.DrainWanted(reason="stop")) == [steps.Drain(worker=0)]
    scheduler.handle(steps.UnitBegun(worker=0))
    scheduler.handle(steps.UnitCollected(worker=0, ids=("t0", "t1")))
    scheduler.handle(steps.UnitDone(worker=0, ran=0))
    actions = scheduler.handle(steps.WorkerExited(worker=0, cause="finished"))
    lost = [action for action in actions if isinstance(action, steps.LoseUnit)]
    assert {(a.unit.key.path, a.outcome) for a in lost} == {
        ("a", Outcome.NOT_RUN),
        ("b", Outcome.NOT_RUN),
    }
    assert actions[-1] == steps.End()
