"""Patch gc collect."""

import gc


def broken(*arguments, **options):
    raise RuntimeError("gc.collect is patched")


def test_bad():
    gc.collect = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
