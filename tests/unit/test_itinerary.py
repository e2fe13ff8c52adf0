from __future__ import annotations

import pytest

from unified_test_runner.itinerary import Booking, Itinerary, Standing, Turn
from unified_test_runner.model import UnitKey


def key(path: str) -> UnitKey:
    return UnitKey(path=path)


def booking(path: str, *, slot: int = 0, stint: int = 0, group: int = 0) -> Booking:
    return Booking(slot=slot, stint=stint, group=group, key=key(path))


class World:
    """Units wait unless something else is said of them."""

    def __init__(self, *bookings: Booking) -> None:
        self.itinerary = Itinerary(bookings)
        self.others: dict[str, Standing] = {}

    def standing(self, _group: int, unit: UnitKey) -> Standing:
        return self.others.get(unit.path, Standing.WAITING)

    def take(self, slot: int = 0, group: int = 0) -> object:
        taken = self.itinerary.take(slot, group, self.standing)
        if isinstance(taken, UnitKey):
            self.others[taken.path] = Standing.HELD
            return taken.path
        return taken

    def end(self, path: str) -> None:
        self.others[path] = Standing.GONE

    def come_back(self, slot: int, path: str) -> None:
        self.itinerary.give_back(slot, 0, key(path))
        self.others[path] = Standing.WAITING


def test_a_slot_takes_its_own_in_order_and_is_free_after_that():
    world = World(booking("a"), booking("x", slot=1), booking("b"))
    assert [world.take(), world.take(), world.take()] == ["a", "b", Turn.FREE]
    assert world.take(1) == "x"
    assert world.take(2) is Turn.FREE


def test_another_workers_part_ends_the_worker():
    world = World(booking("a"), booking("b", stint=1))
    assert world.take() == "a"
    world.end("a")
    assert world.take() is Turn.OVER
    world.itinerary.begin(0)
    assert world.take() == "b"


def test_another_groups_part_ends_the_worker():
    world = World(booking("a"), booking("b", group=1))
    assert world.take() == "a"
    assert world.take() is Turn.OVER
    assert world.itinerary.group_ahead(0, world.standing) == 1


def test_what_is_not_there_is_passed_over():
    world = World(booking("gone"), booking("a"), booking("gone"))
    world.end("gone")
    assert [world.take(), world.take()] == ["a", Turn.FREE]
    assert world.itinerary.group_ahead(0, world.standing) is None


def test_what_no_walk_has_told_of_may_still_be_there():
    world = World(booking("a", group=2))
    world.others["a"] = Standing.UNKNOWN
    assert world.itinerary.group_ahead(0, world.standing) == 2


def test_the_rest_of_a_unit_goes_where_it_went():
    """Its worker died in `a`; the rest went on on the other slot."""
    world = World(booking("a"), booking("x", slot=1), booking("a", slot=1), booking("b"))
    assert [world.take(1), world.take(1)] == ["x", Turn.WAIT]
    assert world.take() == "a"
    assert world.take(1) is Turn.WAIT
    world.come_back(0, "a")
    assert world.take(1) == "a"


def test_a_unit_that_comes_to_its_end_now_has_no_rest():
    world = World(booking("a"), booking("a", slot=1), booking("b", slot=1))
    assert world.take() == "a"
    assert world.take(1) is Turn.WAIT
    world.end("a")
    assert world.take(1) == "b"


def test_a_unit_that_comes_back_unforeseen_goes_on_on_its_slot_before_what_follows():
    world = World(booking("a", stint=7), booking("b", stint=7))
    assert world.take() == "a"
    world.come_back(0, "a")
    world.itinerary.begin(0)
    assert [world.take(), world.take()] == ["a", "b"]


@pytest.mark.parametrize("times", [1, 3])
def test_it_may_come_back_again_and_again(times):
    world = World(booking("a"))
    for _ in range(times):
        assert world.take() == "a"
        world.come_back(0, "a")
        world.itinerary.begin(0)
    assert world.take() == "a"
    world.end("a")
    assert world.take() is Turn.FREE


def test_it_knows_what_is_booked():
    itinerary = Itinerary([booking("a", group=1)])
    assert itinerary.has(1, key("a"))
    assert not itinerary.has(0, key("a"))
    assert not itinerary.has(1, key("b"))


def test_a_unit_whose_key_changed_keeps_its_places():
    world = World(booking("a"), booking("b"), booking("a", slot=1), booking("b", group=1))
    new = UnitKey(path="a", collector="Module 0f")
    other = UnitKey(path="a", collector="Module 1f")
    world.itinerary.settle(0, [other, new, key("b")])
    assert world.itinerary.has(0, other)
    assert not world.itinerary.has(0, new)
    assert not world.itinerary.has(0, key("a"))
    assert world.itinerary.has(1, key("b"))
    assert world.itinerary.take(0, 0, world.standing) == other
    assert world.itinerary.take(0, 0, world.standing) == key("b")


def test_a_unit_that_is_gone_takes_no_others_place():
    world = World(booking("a"), booking("b"))
    world.itinerary.settle(0, [key("b"), key("c")])
    assert world.itinerary.has(0, key("a"))
    assert not world.itinerary.has(0, key("c"))
