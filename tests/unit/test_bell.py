from __future__ import annotations

import os
import select
from contextlib import suppress

import pytest

from unified_test_runner.bell import OFTEN_S, SELDOM_S, Bell, Listening


@pytest.fixture
def bell():
    made = Bell()
    yield made
    made.close()


def is_ringing(bell):
    return bool(select.select([bell], [], [], 0)[0])


def test_it_rings_until_it_is_hushed(bell):
    assert not is_ringing(bell)
    os.write(bell.rope, b"!")
    os.write(bell.rope, b"!")
    assert is_ringing(bell)
    assert bell.hush() == b"!!"
    assert not is_ringing(bell)
    assert bell.hush() == b""


def test_ringing_never_waits(bell):
    for _ in range(100):
        with suppress(BlockingIOError):
            os.write(bell.rope, b"!" * 4096)
    assert is_ringing(bell)


def test_who_rings_is_listened_to_at_once_and_all_now_and_then(bell):
    listening = Listening(bell)
    assert listening.to([3, 4], 10.0) == [3, 4]
    listening.heard(10.0, anything=True)
    assert listening.to([3, 4], 10.0) == []
    os.write(bell.rope, bytes([4]))
    listening.rouse()
    assert listening.to([3, 4], 10.0) == [4]
    listening.heard(10.0, anything=True)
    assert listening.to([3, 4], 10.0) == [], "one ring is heard once"
    assert listening.pause_s(10.0) == pytest.approx(OFTEN_S)
    assert listening.to([3, 4], 10.0 + OFTEN_S) == [3, 4]


def test_marks_are_those_of_many_workers(bell):
    listening = Listening(bell)
    listening.to([], 1.0)
    listening.heard(1.0, anything=False)
    os.write(bell.rope, bytes([1]))
    listening.rouse()
    assert listening.to([1, 2, 257], 1.0) == [1, 257], "whom it does not concern says nothing"


def test_the_less_is_said_the_longer_the_pause(bell):
    listening, now = Listening(bell), 0.0
    for anything, pause_s in ((True, OFTEN_S), (False, 2 * OFTEN_S), (False, SELDOM_S)):
        listening.to([1], now)
        listening.heard(now, anything=anything)
        assert listening.pause_s(now) == pytest.approx(min(pause_s, SELDOM_S))
        now += SELDOM_S
    assert listening.pause_s(now + 5) == 0.0
