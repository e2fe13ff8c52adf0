"""Patch time process time."""

import time


def broken(*arguments, **options):
    raise RuntimeError("time.process_time is patched")


def test_bad():
    time.process_time = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
