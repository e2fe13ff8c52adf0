from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.accounting import Activity, WallClock
from unified_test_runner.events import WallTime

#: Multiples of a quarter add up exactly.
SECONDS = st.integers(0, 400).map(lambda quarters: quarters / 4)
TURNS = st.lists(st.tuples(st.integers(0, 7), st.sampled_from(Activity), SECONDS), max_size=30)


def parts(wall: WallTime) -> dict[str, float]:
    return {name: share for name, share in dataclasses.asdict(wall).items() if share}


def test_every_activity_has_its_part():
    assert {item.name for item in dataclasses.fields(WallTime)} == {
        f"{activity.value}_s" for activity in Activity
    }


@given(slots=st.integers(1, 8), began=SECONDS, turns=TURNS, rest=SECONDS)
def test_the_parts_add_up_to_the_duration(slots, began, turns, rest):
    clock = WallClock(slots, began)
    now = began
    for slot, activity, pause in turns:
        now += pause
        clock.turn(slot % slots, activity, now)
    wall = clock.split(now + rest)
    assert sum(dataclasses.astuple(wall)) == pytest.approx(now + rest - began)
    assert min(dataclasses.astuple(wall)) >= 0


def test_slots_begin_with_start_up():
    assert parts(WallClock(2, 10.0).split(13.0)) == {"startup_s": 3.0}


def test_slots_share_the_time():
    clock = WallClock(2, 0.0)
    clock.turn(0, Activity.TESTS, 1.0)
    clock.turn(1, Activity.IDLE, 3.0)
    assert parts(clock.split(4.0)) == {"startup_s": 2.0, "tests_s": 1.5, "idle_s": 0.5}


def test_looking_changes_nothing():
    clock = WallClock(1, 0.0)
    assert clock.split(5.0) == clock.split(5.0)
    clock.turn(0, Activity.TESTS, 6.0)
    assert parts(clock.split(8.0)) == {"startup_s": 6.0, "tests_s": 2.0}


def test_a_run_without_slots_still_has_a_duration():
    assert parts(WallClock(0, 0.0).split(2.0)) == {"startup_s": 2.0}
