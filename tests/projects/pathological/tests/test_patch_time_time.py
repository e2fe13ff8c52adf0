"""Patch time time."""

import time


def broken(*arguments, **options):
    raise RuntimeError("time.time is patched")


def test_bad():
    time.time = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
