"""Orders that are repeated, in a simulated world in which nothing fails."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from unified_test_runner import steps
from unified_test_runner.itinerary import Booking, Itinerary
from unified_test_runner.model import UnitKey
from unified_test_runner.scheduler import Scheduler
from unified_test_runner.steps import GroupPlan, UnitPlan


def group(*paths: str, index: int = 0) -> GroupPlan:
    units = tuple(UnitPlan(key=UnitKey(path=path), suite="s", size_bytes=10) for path in paths)
    return GroupPlan(index=index, units=units)


@dataclass
class Hand:
    """What a simulated worker is doing."""

    slot: int
    group: int
    unit: UnitPlan | None = None
    stage: str = "starting"
    is_told_to_end: bool = False


@dataclass
class Recorder:
    """Obeys actions; notes which slot took what, and with which worker."""

    scheduler: Scheduler
    groups: dict[int, GroupPlan]
    slots: dict[int, str] = field(default_factory=dict)
    workers: dict[int, Hand] = field(default_factory=dict)
    has_ended: bool = False
    queue: deque[steps.Action] = field(default_factory=deque)
    taken: list[tuple[int, int, UnitKey]] = field(default_factory=list)

    def tell(self, happened: steps.Input) -> None:
        self.queue.extend(self.scheduler.handle(happened))
        while self.queue:
            self.obey(self.queue.popleft())

    def obey(self, action: steps.Action) -> None:
        assert not self.has_ended, f"{action} after the end"
        match action:
            case steps.OpenSlot():
                self.slots[action.slot] = "opening"
            case steps.Fork():
                self.slots[action.slot] = "live"
                self.workers[action.worker] = Hand(action.slot, action.group)
            case steps.CloseSlot():
                self.slots[action.slot] = "closing"
            case steps.Assign():
                hand = self.workers[action.worker]
                hand.unit, hand.stage = action.unit, "assigned"
                self.taken.append((hand.slot, action.worker, action.unit.key))
            case steps.Finish():
                self.workers[action.worker].is_told_to_end = True
            case steps.End():
                self.has_ended = True
            case _:
                raise AssertionError(f"{action}, though nothing fails")

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
    world = Recorder(Scheduler(plan, slots, itinerary=itinerary), {g.index: g for g in plan})
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
