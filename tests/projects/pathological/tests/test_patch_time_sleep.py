"""Patch time sleep."""

import time


def broken(*arguments, **options):
    raise RuntimeError("time.sleep is patched")


def test_bad():
    time.sleep = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
