"""Patch time perf counter."""

import time


def broken(*arguments, **options):
    raise RuntimeError("time.perf_counter is patched")


def test_bad():
    time.perf_counter = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
