"""Patch os write."""

import os


def broken(*arguments, **options):
    raise RuntimeError("os.write is patched")


def test_bad():
    os.write = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
