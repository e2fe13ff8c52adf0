from __future__ import annotations

import pytest

from unified_test_runner.itinerary import Booking, Itinerary, Turn
from unified_test_runner.model import UnitKey
from unified_test_runner.ranges import Group, Range, Roster, Worker
from unified_test_runner.steps import GroupPlan, UnitPlan
from unified_test_runner.waiting import Waiting


def plan(path: str, collector: str = "Module", size: int = 10) -> UnitPlan:
    key = UnitKey(path=path, collector=collector)
    return UnitPlan(key=key, suite="s", size_bytes=size)


class World:
    """One group that was walked, and a worker on each of two slots; slot 1 has bookings."""

    def __init__(self, *files: str, booked: tuple[str, ...] | None = None) -> None:
        self.group = Group(GroupPlan(index=0, units=tuple(map(plan, files))), is_walked=True)
        self.roster = Roster()
        for slot in range(2):
            self.roster.workers[slot] = Worker(slot, slot, 0, is_ready=True)
        order = [Booking(slot=1, stint=0, group=0, key=UnitKey(path=p)) for p in booked or ()]
        itinerary = None if booked is None else Itinerary(order)
        self.waiting = Waiting({0: self.group}, self.roster, 2, itinerary)

    def take(self, slot: int = 0) -> object:
        worker = self.roster.workers[slot]
        worker.unit = None
        taken = self.waiting.take(self.group, worker)
        if not isinstance(taken, Range):
            return taken
        worker.unit = taken
        return taken.plan.key.path

    def put_back(self, slot: int = 0) -> None:
        worker = self.roster.workers[slot]
        assert worker.unit is not None
        self.waiting.put_back(self.group, worker, worker.unit)
        worker.unit = None


def test_without_bookings_everybody_takes_the_next():
    world = World("a", "b", "c")
    assert [world.take(), world.take(1), world.take()] == ["a", "b", "c"]
    assert world.take() is None
    assert world.waiting.group_ahead(0) is None


def test_what_is_booked_waits_for_its_slot():
    world = World("a", "b", "c", booked=("b",))
    assert [world.take(), world.take(), world.take()] == ["a", "c", None]
    assert world.waiting.group_ahead(0) is None
    assert world.waiting.group_ahead(1) == 0
    assert [world.take(1), world.take(1)] == ["b", None]


def test_a_slot_takes_loose_ones_after_its_own_in_natural_order():
    world = World("a", "z", "b", booked=("b",))
    world.waiting.settle(world.group, [plan("a"), plan("z", size=900), plan("b")])
    assert [world.take(1), world.take(1), world.take(1)] == ["b", "a", "z"]


@pytest.mark.parametrize("booked", [None, (), ("a",)])
def test_what_is_put_back_is_next(booked):
    world = World("a", "b", booked=booked)
    assert world.take(1) == "a"
    world.put_back(1)
    world.waiting.begin(1)
    assert world.take(1) == "a"


def test_a_part_still_in_other_hands_is_waited_for():
    world = World("a", booked=("a",))
    again = Booking(slot=0, stint=1, group=0, key=UnitKey(path="a"))
    first = Booking(slot=1, stint=0, group=0, key=UnitKey(path="a"))
    world.waiting = Waiting({0: world.group}, world.roster, 2, Itinerary([first, again]))
    assert world.take(0) is Turn.WAIT
    assert world.take(1) == "a"
    assert world.take(0) is Turn.WAIT
    world.put_back(1)
    assert world.take(0) == "a"


def test_a_worker_that_refused_takes_nothing():
    world = World("a", "b", booked=("b",))
    world.group.refused.add(1)
    assert world.take(1) is None
    assert world.take(0) == "a"


def test_clearing_leaves_nothing():
    world = World("a", "b", booked=("b",))
    assert sorted(unit.plan.key.path for unit in world.waiting.clear(world.group)) == ["a", "b"]
    assert world.waiting.clear(world.group) == []
    assert [world.take(0), world.take(1)] == [None, None]
    assert world.waiting.group_ahead(1) is None


def test_a_walk_replaces_what_was_foreseen_and_finds_booked_files_by_their_paths():
    world = World("a", booked=("b",))
    world.waiting.settle(world.group, [plan("b", "Module 0f"), plan("c")])
    assert [world.take(1), world.take(1), world.take(1)] == ["b", "c", None]
