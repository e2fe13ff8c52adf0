"""Collector off."""

import gc


def test_bad():
    gc.disable()
    gc.freeze()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
