"""Units divided between workers: a simulated world in which messages cross and anything dies."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from unified_test_runner import steps
from unified_test_runner.model import UnitKey
from unified_test_runner.scheduler import Scheduler
from unified_test_runner.steps import GroupPlan, UnitPlan


def unit(path: str, size: int = 10, keep: str = "auto", bundle: str = "") -> UnitPlan:
    return UnitPlan(
        key=UnitKey(path=path), suite="s", size_bytes=size, keep_together=keep, bundle=bundle
    )


def names(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


@dataclass
class Hand:
    """A simulated worker: what it has been told, what it has said, and what it does."""

    group: int
    told: deque[steps.Action] = field(default_factory=deque)
    said: deque[steps.Input] = field(default_factory=deque)
    unit: steps.Assign | None = None
    stop: int = 0
    index: int = 0
    is_running: bool = False
    is_asked: bool = False
    units: int = 0
    is_walked: bool = False
    is_leaving: bool = False


class World:
    """Obeys actions, late; what its workers say arrives late too, but always in order."""

    def __init__(self, groups: list[GroupPlan], tests: dict[str, int], slots: int) -> None:
        self.scheduler = Scheduler(groups, slots)
        self.groups = {group.index: group for group in groups}
        self.tests = tests
        self.slots: dict[int, str] = {}
        self.workers: dict[int, Hand] = {}
        self.slot_of: dict[int, int] = {}
        self.first_ends: Counter[tuple[str, int]] = Counter()
        self.second_ends: Counter[tuple[str, int]] = Counter()
        self.lost_files: Counter[str] = Counter()
        self.suspects: set[tuple[str, int]] = set()
        self.unverified: dict[tuple[str, int], int] = {}
        self.refusals = 0
        self.deaths = 0
        self.path_of: dict[int, str] = {}
        self.first_of: dict[int, int] = {}
        self.has_ended = False

    def tell(self, happened: steps.Input) -> None:
        for action in self.scheduler.handle(happened):
            self.obey(action)

    def obey(self, action: steps.Action) -> None:
        assert not self.has_ended, f"{action} after the end"
        match action:
            case steps.OpenSlot():
                self.slots[action.slot] = "opening"
            case steps.CloseSlot():
                self.slots[action.slot] = "closing"
            case steps.Fork():
                self.slots[action.slot] = "live"
                self.workers[action.worker] = Hand(action.group)
                self.slot_of[action.worker] = action.slot
            case steps.LoseTest():
                hand = self.workers.get(action.worker) or self.gone
                self.end(hand, action.index, is_bad=True)
            case steps.LoseUnit() if action.ids is None:
                self.lost_files[action.unit.key.path] += 1
            case steps.LoseUnit():
                for name in action.ids or ():
                    self.first_ends[action.unit.key.path, int(name)] += 1
            case steps.End():
                assert not self.workers
                self.has_ended = True
            case _:
                if isinstance(action, steps.Finish):
                    owed = [key for key, giver in self.unverified.items() if giver == action.worker]
                    assert not owed, f"{action} while {owed} may come back"
                self.workers[action.worker].told.append(action)

    def end(self, hand: Hand, index: int, *, is_bad: bool) -> None:
        assert hand.unit is not None
        key = (hand.unit.unit.key.path, index)
        if hand.unit.counted is None:
            self.first_ends[key] += 1
            if is_bad and hand.unit.first:
                self.suspects.add(key)
        elif index in hand.unit.counted:
            self.second_ends[key] += 1

    # --- what can happen next

    def step(self, data: st.DataObject) -> None:
        moves = [("slot", n) for n, s in self.slots.items() if s in {"opening", "closing"}]
        moves += [("act", n) for n in self.workers]
        moves += [("hear", n) for n, hand in self.workers.items() if hand.said]
        kind, number = data.draw(st.sampled_from(sorted(moves)))
        if kind == "slot":
            self.move_slot(number)
        elif kind == "hear":
            self.hear(number)
        else:
            self.act(number, data)

    def move_slot(self, number: int) -> None:
        if self.slots[number] == "closing":
            self.slots[number] = "free"
            self.tell(steps.SlotClosed(slot=number))
        else:
            self.tell(steps.SlotOpened(slot=number))

    def hear(self, number: int) -> None:
        hand = self.workers[number]
        happened = hand.said.popleft()
        if isinstance(happened, steps.Given):
            self.unverified[self.path_of[number], happened.index] = number
        if isinstance(happened, steps.UnitCollected):
            self.unverified.pop((self.path_of[number], self.first_of[number]), None)
        self.tell(happened)

    def die(self, number: int) -> None:
        """What a worker has said is read before its death is heard of."""
        hand = self.workers[number]
        while hand.said:
            self.hear(number)
        if hand.unit is not None:
            self.deaths += 1
            self.unverified.pop((hand.unit.unit.key.path, hand.unit.first), None)
        for key in [key for key, giver in self.unverified.items() if giver == number]:
            del self.unverified[key]
        self.gone = self.workers.pop(number)
        self.tell(steps.WorkerExited(worker=number, cause="died"))

    def act(self, number: int, data: st.DataObject) -> None:
        hand = self.workers[number]
        if data.draw(st.integers(0, 60)) == 0 or hand.is_leaving:
            self.die(number)
        elif not hand.is_walked:
            hand.is_walked = True
            hand.said.append(steps.WorkerWalked(worker=number, units=self.groups[hand.group].units))
        elif hand.is_running:
            self.end_test(number, hand, data)
        elif hand.unit is None:
            self.begin_unit(number, hand, data)
        else:
            self.go_on(number, hand, data)

    def begin_unit(self, number: int, hand: Hand, data: st.DataObject) -> None:
        if not hand.told:
            return
        action = hand.told.popleft()
        if isinstance(action, steps.Assign):
            assert action.counted is None or hand.units == 0, "a second run wants a fresh worker"
            hand.units += 1
            hand.unit, hand.index, hand.is_asked = action, action.start, False
            self.path_of[number], self.first_of[number] = action.unit.key.path, action.first
            count = self.tests[action.unit.key.path]
            hand.stop = count if action.stop is None else action.stop
            hand.said.append(steps.UnitBegun(worker=number))
            is_own = action.giver == number
            if action.ids and not is_own and data.draw(st.integers(0, 5)) == 0:
                hand.unit = None
                hand.said.append(steps.UnitDiffers(worker=number))
                self.refusals += action.counted is not None
                self.unverified.pop((action.unit.key.path, action.first), None)
            else:
                hand.said.append(steps.UnitCollected(worker=number, ids=names(count)))
        elif not isinstance(action, steps.Steal):
            hand.is_leaving = True

    def go_on(self, number: int, hand: Hand, data: st.DataObject) -> None:
        assert hand.unit is not None
        while hand.told:
            action = hand.told.popleft()
            assert not isinstance(action, steps.Assign), "a second unit at once"
            if isinstance(action, steps.Steal):
                hand.is_asked = True
            else:
                hand.is_leaving = True
        if hand.index >= hand.stop or hand.is_leaving:
            hand.unit = None
            hand.said.append(steps.UnitDone(worker=number, ran=hand.index))
            return
        if hand.is_asked:
            self.answer(number, hand, data)
        hand.is_running = True
        hand.said.append(steps.TestBegun(worker=number, index=hand.index))

    def answer(self, number: int, hand: Hand, data: st.DataObject) -> None:
        answer = data.draw(st.sampled_from(["give", "give", "keep", "later"]))
        if answer == "keep":
            hand.is_asked = False
            hand.said.append(steps.Kept(worker=number))
        elif answer == "give" and hand.index + 1 < hand.stop:
            hand.is_asked = False
            hand.stop = data.draw(st.integers(hand.index + 1, hand.stop - 1))
            hand.said.append(steps.Given(worker=number, index=hand.stop))

    def end_test(self, number: int, hand: Hand, data: st.DataObject) -> None:
        is_bad = data.draw(st.integers(0, 4)) == 0
        self.end(hand, hand.index, is_bad=is_bad)
        hand.index += 1
        hand.is_running = False
        hand.said.append(steps.TestDone(worker=number, is_bad=is_bad, duration_s=1.0))


@settings(max_examples=100, deadline=None, phases=(Phase.reuse, Phase.generate))
@given(st.data())
def test_every_test_ends_once_however_units_are_divided(data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=2))
    keeps = st.sampled_from(["auto", "auto", "test", "file"])
    groups, tests = [], {}
    for number, sizes in enumerate(counts):
        tests |= {f"g{number}/u{index}": size for index, size in enumerate(sizes)}
        units = tuple(unit(f"g{number}/u{n}", keep=data.draw(keeps)) for n in range(len(sizes)))
        groups.append(GroupPlan(index=number, units=units))
    world = World(groups, tests, data.draw(st.integers(1, 4)))
    world.tell(steps.Begin())
    interruption = data.draw(st.sampled_from([None, None, "drain", "kill"]))
    at = data.draw(st.integers(0, 80))
    taken = 0
    while not world.has_ended:
        taken += 1
        assert taken < 8000, "the run does not end"
        if taken == at and interruption == "drain":
            world.tell(steps.DrainWanted(reason="stop"))
        elif taken == at and interruption == "kill":
            world.tell(steps.KillWanted(reason="stop"))
        else:
            world.step(data)
    for path, count in tests.items():
        ended = [world.first_ends[path, index] for index in range(count)]
        if world.lost_files[path]:
            assert world.lost_files[path] == 1
            assert sum(ended) == 0, f"{path} was lost as a whole, and yet ran"
        else:
            assert ended == [1] * count, path
    assert set(world.second_ends) <= world.suspects
    assert all(number == 1 for number in world.second_ends.values())
    if interruption is None and not world.deaths:
        differ = world.suspects - set(world.second_ends)
        assert not differ or world.lost_files or world.refusals, f"never run in order: {differ}"


def started(*units: UnitPlan, slots: int = 2) -> tuple[Scheduler, list[steps.Action]]:
    """A scheduler all of whose workers have walked; returns what followed from the last walk."""
    scheduler = Scheduler([GroupPlan(index=0, units=units)], slots)
    scheduler.handle(steps.Begin())
    for slot in range(slots):
        scheduler.handle(steps.SlotOpened(slot=slot))
    found: list[steps.Action] = []
    for worker in range(slots):
        found += scheduler.handle(steps.WorkerWalked(worker=worker, units=units))
    return scheduler, found


def collect(scheduler: Scheduler, worker: int, count: int) -> list[steps.Action]:
    scheduler.handle(steps.UnitBegun(worker=worker))
    return scheduler.handle(steps.UnitCollected(worker=worker, ids=names(count)))


def test_a_worker_that_is_idle_waits_and_takes_what_is_given() -> None:
    scheduler, _ = started(unit("a"), unit("b"))
    collect(scheduler, 0, 8)
    collect(scheduler, 1, 0)
    steal = steps.Steal(worker=0, how="auto")
    assert scheduler.handle(steps.UnitDone(worker=1, ran=0)) == [steal]
    scheduler.handle(steps.TestBegun(worker=0, index=0))
    scheduler.handle(steps.TestDone(worker=0, duration_s=1.0))
    assert scheduler.handle(steps.Given(worker=0, index=5)) == [
        steps.Assign(worker=1, unit=unit("a"), start=5, stop=None, first=5, giver=0, ids=names(8))
    ]


@pytest.mark.parametrize("keep", ["file", "suite"])
def test_nobody_waits_for_a_file_that_stays_whole(keep: str) -> None:
    scheduler, _ = started(unit("a", keep=keep), unit("b"))
    collect(scheduler, 0, 8)
    collect(scheduler, 1, 0)
    assert scheduler.handle(steps.UnitDone(worker=1, ran=0)) == [steps.Finish(worker=1)]


def test_nobody_waits_once_the_worker_keeps_its_file() -> None:
    scheduler, _ = started(unit("a"), unit("b"))
    collect(scheduler, 0, 8)
    collect(scheduler, 1, 0)
    scheduler.handle(steps.UnitDone(worker=1, ran=0))
    assert scheduler.handle(steps.Kept(worker=0)) == [steps.Finish(worker=1)]


def test_other_tests_in_the_file_send_the_part_back_to_the_giver() -> None:
    scheduler, _ = started(unit("a"), unit("b"))
    collect(scheduler, 0, 8)
    collect(scheduler, 1, 0)
    scheduler.handle(steps.UnitDone(worker=1, ran=0))
    scheduler.handle(steps.Given(worker=0, index=5))
    scheduler.handle(steps.UnitBegun(worker=1))
    assert scheduler.handle(steps.UnitDone(worker=0, ran=5)) == [], "it may get its part back"
    assert scheduler.handle(steps.UnitDiffers(worker=1)) == [
        steps.Assign(worker=0, unit=unit("a"), start=5, stop=None, first=5, ids=names(8)),
        steps.Finish(worker=1),
    ]


def test_what_failed_apart_is_run_again_in_order_in_a_fresh_worker() -> None:
    scheduler, _ = started(unit("a"), unit("b"))
    collect(scheduler, 0, 8)
    collect(scheduler, 1, 0)
    scheduler.handle(steps.UnitDone(worker=1, ran=0))
    scheduler.handle(steps.Given(worker=0, index=5))
    collect(scheduler, 1, 8)
    for index, is_bad in ((5, False), (6, True), (7, False)):
        scheduler.handle(steps.TestBegun(worker=1, index=index))
        scheduler.handle(steps.TestDone(worker=1, is_bad=is_bad))
    scheduler.handle(steps.UnitDone(worker=1, ran=8))
    assert scheduler.handle(steps.UnitDone(worker=0, ran=5)) == [steps.Finish(worker=0)]
    scheduler.handle(steps.WorkerExited(worker=0, cause="finished"))
    scheduler.handle(steps.SlotClosed(slot=0))
    scheduler.handle(steps.SlotOpened(slot=0))
    assert scheduler.handle(steps.WorkerWalked(worker=2, units=(unit("a"),))) == [
        steps.Assign(
            worker=2, unit=unit("a"), start=0, stop=7, ids=names(8), counted=frozenset({6})
        )
    ]
    scheduler.handle(steps.UnitBegun(worker=2))
    scheduler.handle(steps.TestBegun(worker=2, index=3))
    died = scheduler.handle(steps.WorkerExited(worker=2, cause="killed by SIGSEGV"))
    assert [type(action) for action in died] == [steps.CloseSlot, steps.LoseTest]


def test_a_bundle_stays_on_one_worker_in_order_while_others_take_the_rest() -> None:
    units = (unit("a", bundle="x"), unit("b", bundle="x"), unit("c"), unit("d"), unit("e"))
    scheduler, actions = started(*units)
    taken = {action.worker: action.unit for action in actions if isinstance(action, steps.Assign)}
    assert taken == {0: units[0], 1: units[2]}
    for worker, following in ((0, units[1]), (1, units[3]), (0, units[4])):
        collect(scheduler, worker, 0)
        assert scheduler.handle(steps.UnitDone(worker=worker, ran=0)) == [
            steps.Assign(worker=worker, unit=following, start=0)
        ]


def test_a_bundle_that_dominates_goes_first_in_its_order() -> None:
    units = (unit("a"), unit("b", 60, bundle="x"), unit("c"), unit("d", 50, bundle="x"))
    _, actions = started(*units, slots=2)
    assert actions[0] == steps.Assign(worker=0, unit=units[1], start=0)
