from __future__ import annotations

from unified_test_runner.itinerary import Booking, Itinerary, Standing, Turn
from unified_test_runner.model import UnitKey
from unified_test_runner.steps import UnitPlan
from unified_test_runner.waiting import Unit, Waiting, in_order


def plan(path: str, size: int = 10) -> UnitPlan:
    return UnitPlan(key=UnitKey(path=path), suite="s", size_bytes=size)


def paths(units: list[UnitPlan]) -> list[str]:
    return [unit.key.path for unit in units]


def waiting(*files: str, booked: tuple[str, ...] = ()) -> Waiting:
    order = [Booking(slot=1, stint=0, group=0, key=UnitKey(path=path)) for path in booked]
    made = Waiting(0, 2, Itinerary(order) if booked else None)
    made.fill([plan(path) for path in files])
    return made


def take(line: Waiting, slot: int = 0) -> str | None:
    def standing(_group: int, key: UnitKey) -> Standing:
        return Standing.WAITING if line.has_booked(key) else Standing.GONE

    unit = line.take(slot, standing)
    assert unit is not Turn.WAIT
    return unit.plan.key.path if unit else None


def test_natural_order_but_a_file_that_dominates_goes_first():
    units = [plan("a"), plan("b"), plan("z", 500), plan("y", 400)]
    assert paths(in_order(units, 2)) == ["z", "y", "a", "b"]
    assert paths(in_order(units, 1)) == ["a", "b", "z", "y"]
    assert in_order([], 4) == []


def test_what_is_booked_waits_for_its_slot():
    line = waiting("a", "b", "c", booked=("b",))
    assert line.loose == 2
    assert [take(line), take(line), take(line)] == ["a", "c", None]
    assert [take(line, slot=1), take(line, slot=1)] == ["b", None]


def test_a_slot_takes_loose_ones_after_its_own():
    line = waiting("a", "b", booked=("b",))
    assert [take(line, slot=1), take(line, slot=1)] == ["b", "a"]


def test_what_is_put_back_is_next():
    line = waiting("a", "b")
    assert take(line) == "a"
    line.put_back(0, Unit(plan("a"), ids=("1", "2"), start=1))
    assert take(line) == "a"


def test_clearing_leaves_nothing():
    line = waiting("a", "b", booked=("b",))
    assert sorted(unit.plan.key.path for unit in line.clear()) == ["a", "b"]
    assert line.clear() == []
    assert (line.loose, take(line), take(line, slot=1)) == (0, None, None)


def test_filling_again_replaces_what_was_foreseen():
    line = waiting("a")
    line.fill([plan("b")])
    assert [take(line), take(line)] == ["b", None]


def test_the_rest_of_a_unit_is_what_has_not_run():
    assert Unit(plan("a")).rest is None
    assert Unit(plan("a"), ids=("x", "y"), start=1).rest == ("y",)
