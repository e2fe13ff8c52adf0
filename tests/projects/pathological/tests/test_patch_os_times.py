"""Patch os times."""

import os


def broken(*arguments, **options):
    raise RuntimeError("os.times is patched")


def test_bad():
    os.times = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
