"""Patch time backwards."""

import time


def test_bad():
    time.time = lambda: -1e300
    time.perf_counter = lambda: float("nan")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
