"""Event loop left."""

import asyncio


def test_bad():
    asyncio.set_event_loop(asyncio.new_event_loop())


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
