from __future__ import annotations

import os
import select
from contextlib import suppress

import pytest

from unified_test_runner.bell import Bell


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
    bell.hush()
    assert not is_ringing(bell)
    bell.hush()


def test_ringing_never_waits(bell):
    for _ in range(100):
        with suppress(BlockingIOError):
            os.write(bell.rope, b"!" * 4096)
    assert is_ringing(bell)
