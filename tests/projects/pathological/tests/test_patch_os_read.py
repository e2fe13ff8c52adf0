"""Patch os read."""

import os


def broken(*arguments, **options):
    raise RuntimeError("os.read is patched")


def test_bad():
    os.read = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
