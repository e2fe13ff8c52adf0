"""The scheduler against a simulated world in which anything may die at any moment."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from unified_test_runner import steps
from unified_test_runner.events import Stamped, TestFinished
from unified_test_runner.itinerary import Booking, Itinerary
from unified_test_runner.model import Outcome, UnitKey
from unified_test_runner.report import RunReport
from unified_test_runner.retrying import Place, Retrying
from unified_test_runner.scheduler import Scheduler
from unified_test_runner.steps import GroupPlan, UnitPlan


def unit(path: str, size: int = 10, keep: str = "auto", lock: str = "") -> UnitPlan:
    """`lock` `*` stands for a serial unit."""
    return UnitPlan(
        key=UnitKey(path=path),
        suite="s",
        size_bytes=size,
        keep_together=keep,
        locks=frozenset({lock} - {"", "*"}),
        is_serial=lock == "*",
    )


@dataclass
class Hand:
    """What a simulated worker is doing."""

    slot: int
    group: int
    unit: UnitPlan | None = None
    order: steps.Assign | None = None
    stop: int = 0
    stage: str = "starting"
    index: int = -1
    is_asked: bool = False
    is_told_to_end: bool = False
    has_served: bool = False
    is_spent: bool = False

    @property
    def last(self) -> UnitPlan | None:
        """The unit it has or had last."""
        return self.order.unit if self.order else None


@dataclass
class World:
    """Obeys actions and answers with what could really happen, as `draw` decides."""

    scheduler: Scheduler
    groups: dict[int, GroupPlan]
    tests: dict[str, int]
    ends: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    lost_files: Counter[tuple[str, int]] = field(default_factory=Counter)
    retrying: Retrying = field(default_factory=lambda: Retrying({}, None, lambda _: None))
    report: RunReport = field(default_factory=RunReport)
    slots: dict[int, str] = field(default_factory=dict)
    slot_groups: dict[int, int] = field(default_factory=dict)
    workers: dict[int, Hand] = field(default_factory=dict)
    gone: dict[int, Hand] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    splits: int = 0
    may_split: bool = True
    has_ended: bool = False
    has_trouble: bool = False
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
                busy = [other.unit for other in self.workers.values() if other.unit]
                assert not any(action.unit.is_serial or other.is_serial for other in busy)
                assert all(action.unit.locks.isdisjoint(other.locks) for other in busy)
                assert not hand.is_spent, "a retry has its worker to itself"
                is_again = action.unit.again is not None
                assert not hand.has_served or (not is_again and action.counted is None)
                is_whole = (action.start, action.stop, action.first) == (0, None, 0)
                assert is_whole or not is_again, "one test is no more to be divided"
                hand.has_served, hand.is_spent = True, is_again
                hand.order, hand.is_asked = action, False
                hand.unit, hand.stage = action.unit, "assigned"
            case steps.Steal():
                self.ask(self.workers[action.worker])
            case steps.Finish() | steps.Drain() | steps.Kill():
                self.workers[action.worker].is_told_to_end = True
            case steps.LoseTest():
                self.end_index(self.gone[action.worker], action.index, action.outcome)
            case steps.LoseUnit():
                self.lose(action)
            case steps.End():
                assert not self.workers
                wanted = self.retrying.at_end(self.report, self.scheduler.stop_reason)
                self.has_ended = wanted is None
                self.queue.extend(self.scheduler.handle(wanted) if wanted else [])

    def lose(self, action: steps.LoseUnit) -> None:
        unit = action.unit
        if "while they start" in action.reason:
            self.given_up.add(unit.key.path.split("/")[0])
        if unit.is_extra and action.outcome is Outcome.NOT_RUN:
            return
        if action.ids is None and unit.again is None:
            self.lost_files[unit.key.path, unit.repetition] += 1
            return
        for name in names(unit, self.tests) if action.ids is None else action.ids:
            self.end_test(unit, name, action.outcome)

    def ask(self, hand: Hand) -> None:
        assert self.may_split
        assert hand.unit is not None
        assert hand.unit.again is None
        assert hand.unit.keep_together == "auto"
        hand.is_asked = True

    def end_index(self, hand: Hand, index: int, outcome: Outcome) -> None:
        order = hand.order
        assert order is not None
        nodeid = names(order.unit, self.tests)[index]
        if order.counted is None:
            self.end_test(order.unit, nodeid, outcome)
            if order.first and outcome.is_bad:
                self.suspects.add(nodeid)
        elif index in order.counted:
            assert nodeid in self.suspects
            self.end_test(order.unit, nodeid, outcome, is_in_order=True)

    def end_test(
        self, unit: UnitPlan, nodeid: str, outcome: Outcome, *, is_in_order: bool = False
    ) -> None:
        attempt = unit.again.attempt if unit.again else 1 + is_in_order
        self.ends[nodeid, attempt, unit.repetition] += 1
        event = TestFinished(
            worker=0,
            nodeid=nodeid,
            suite="s",
            outcome=outcome,
            duration_s=0,
            attempt=attempt,
            repetition=unit.repetition,
            is_in_order=is_in_order,
        )
        self.report.apply(Stamped(seq=1, t_mono=0, event=event))

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
            self.has_trouble = True
            self.tell(steps.SlotFailed(slot=number, reason="no server"))
        else:
            self.tell(steps.SlotOpened(slot=number))

    def move_worker(self, number: int, data: st.DataObject) -> None:
        hand = self.workers[number]
        if data.draw(st.integers(0, 14)) == 0 or (hand.is_told_to_end and hand.unit is None):
            self.gone[number] = self.workers.pop(number)
            self.tell(steps.WorkerExited(worker=number, cause="died"))
            if hand.last is not None and not self.scheduler.stop_reason:
                wanted = self.retrying.after(hand.last, self.report)
                if wanted is not None:
                    self.has_ended = False
                    self.tell(wanted)
            return
        getattr(self, f"do_{hand.stage}")(number, hand, data)

    def do_starting(self, number: int, hand: Hand, data: st.DataObject) -> None:
        if data.draw(st.integers(0, 19)) == 0:
            self.has_trouble = True
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
        hand.stage = "collecting"

    def do_collecting(self, number: int, hand: Hand, data: st.DataObject) -> None:
        order = hand.order
        assert order is not None
        if order.ids and order.giver != number and data.draw(st.integers(0, 5)) == 0:
            hand.unit, hand.stage = None, "ready"
            self.tell(steps.UnitDiffers(worker=number))
            return
        ids = names(order.unit, self.tests)
        hand.stage, hand.index = "between", order.start
        hand.stop = len(ids) if order.stop is None else order.stop
        self.tell(steps.UnitCollected(worker=number, ids=ids))

    def do_between(self, number: int, hand: Hand, data: st.DataObject) -> None:
        assert hand.unit is not None
        ids = names(hand.unit, self.tests)
        if hand.index >= hand.stop or hand.is_told_to_end:
            hand.unit, hand.stage = None, "ready"
            if data.draw(st.integers(0, 4)) == 0:
                self.tell(steps.RecycleWanted(worker=number))
            self.tell(steps.UnitDone(worker=number, ran=hand.index))
            return
        if hand.is_asked:
            self.answer(number, hand, data)
        hand.stage = "running"
        if hand.unit.again is None:
            place = Place(group=hand.group, unit=hand.unit, ids=ids, index=hand.index)
            self.retrying.note(ids[hand.index], 0, place)
        self.tell(steps.TestBegun(worker=number, index=hand.index))

    def answer(self, number: int, hand: Hand, data: st.DataObject) -> None:
        answer = data.draw(st.sampled_from(["give", "give", "keep", "later"]))
        if answer == "keep":
            hand.is_asked = False
            self.tell(steps.Kept(worker=number))
        elif answer == "give" and hand.index + 1 < hand.stop:
            hand.is_asked = False
            hand.stop = data.draw(st.integers(hand.index + 1, hand.stop - 1))
            self.splits += 1
            self.tell(steps.Given(worker=number, index=hand.stop))

    def do_running(self, number: int, hand: Hand, data: st.DataObject) -> None:
        outcome = data.draw(st.sampled_from([Outcome.PASSED, Outcome.FAILED]))
        self.end_index(hand, hand.index, outcome)
        hand.index += 1
        hand.stage = "between"
        self.tell(steps.TestDone(worker=number, is_bad=outcome.is_bad, duration_s=1.0))


def names(plan: UnitPlan, tests: dict[str, int]) -> tuple[str, ...]:
    """The tests that a worker finds when it is given a unit."""
    if plan.again is not None:
        return (plan.again.nodeid,)
    return tuple(f"{plan.key.path}::{index}" for index in range(tests[plan.key.path]))


def bookings(groups: list[GroupPlan], slots: int) -> st.SearchStrategy[list[Booking]]:
    """Any record at all: units twice, units that are not there, stints in a muddle."""
    found = [(g.index, UnitKey(path=path)) for g in groups for path in (f"g{g.index}/gone", "x")]
    found += [(g.index, u.key) for g in groups for u in g.units]
    booking = st.tuples(st.integers(0, slots - 1), st.integers(0, 3), st.sampled_from(found))
    return st.lists(
        booking.map(lambda b: Booking(slot=b[0], stint=b[1], group=b[2][0], key=b[2][1])),
        max_size=12,
    )


def run(data: st.DataObject, repeat: int = 1, retries: int = 0) -> World:
    """Drive a scheduler to its end through whatever may happen."""
    counts = data.draw(st.lists(st.lists(st.integers(0, 6), max_size=5), min_size=1, max_size=3))
    keeps = st.sampled_from(["auto", "auto", "file"])
    locks = st.sampled_from(["", "", "a", "b", "*"]) if data.draw(st.booleans()) else st.just("")
    groups = [
        GroupPlan(
            index=g,
            units=tuple(
                unit(f"g{g}/u{u}", keep=data.draw(keeps), lock=data.draw(locks))
                for u in range(len(sizes))
            ),
        )
        for g, sizes in enumerate(counts)
    ]
    slots = data.draw(st.integers(1, 4))
    is_booked = data.draw(st.integers(0, 2)) == 0
    itinerary = Itinerary(data.draw(bookings(groups, slots))) if is_booked else None
    world = World(
        Scheduler(groups, slots, repeat, itinerary=itinerary),
        {g.index: g for g in groups},
        {f"g{g}/u{u}": n for g, sizes in enumerate(counts) for u, n in enumerate(sizes)},
        retrying=Retrying({"s": retries}, data.draw(st.integers(1, 40)), lambda _: None),
        may_split=repeat == 1 and itinerary is None,
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
    return world


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_test_ends_exactly_once_whatever_dies(data: st.DataObject) -> None:
    check_first_runs(run(data))


def check_first_runs(world: World) -> None:
    for path, count in world.tests.items():
        ended = [world.ends[f"{path}::{index}", 1, 1] for index in range(count)]
        if world.lost_files[path, 1]:
            assert world.lost_files[path, 1] == 1
            assert sum(ended) == 0, f"{path} was lost as a whole, and yet ran"
        else:
            assert ended == [1] * count, path


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 3))
def test_a_failed_test_is_retried_until_it_passes_or_its_retries_are_used_up(
    data: st.DataObject, retries: int
) -> None:
    world = run(data, retries=retries)
    check_first_runs(world)
    assert {*world.ends.values()} <= {1}
    for entry in world.report.entries.values():
        outcomes = [attempt.outcome for attempt in entry.attempts]
        assert [attempt.number for attempt in entry.attempts] == [*range(1, len(outcomes) + 1)]
        in_order = [attempt.number for attempt in entry.attempts if attempt.is_in_order]
        assert in_order in ([], [2]), "the run in order comes before all retries"
        assert len(outcomes) <= retries + 1 + len(in_order)
        assert Outcome.PASSED not in outcomes[:-1], "one that passed was run again"


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 4))
def test_every_repetition_of_a_test_ends_once_or_the_run_says_why(
    data: st.DataObject, repeat: int
) -> None:
    world = run(data, repeat=repeat)
    check_first_runs(world)
    assert {*world.ends.values()} | {*world.lost_files.values()} <= {1}
    if not world.scheduler.stop_reason and not world.has_trouble:
        for path, count in world.tests.items():
            # One that was lost when its group was is in no walk that could be repeated.
            for index in range(0 if world.lost_files[path, 1] else count):
                ran = [world.ends[f"{path}::{index}", 1, r] for r in range(1, repeat + 1)]
                lost = [world.lost_files[path, r] for r in range(1, repeat + 1)]
                # The repetition that the failure of its group cost speaks for all that follow.
                is_cut = 1 in lost and sum(ran) + sum(lost) < repeat
                told = lost.index(1) + 1 if is_cut else repeat
                assert ran[:told] == [not each for each in lost[:told]]
                assert not any(ran[told:])
                assert not is_cut or path.split("/")[0] in world.given_up


def test_the_world_of_these_tests_divides_files_and_then_retries() -> None:
    """Of the runs driven above, some have a test that was run apart, in order and again."""

    def is_whole_story(data: st.DataObject) -> bool:
        world = run(data, retries=1)
        return any(len(entry.attempts) == 3 for entry in world.report.entries.values())

    find(
        st.data(),
        is_whole_story,
        settings=settings(
            max_examples=4000,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
        ),
    )
