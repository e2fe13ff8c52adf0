"""Patch time monotonic."""

import time


def broken(*arguments, **options):
    raise RuntimeError("time.monotonic is patched")


def test_bad():
    time.monotonic = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
