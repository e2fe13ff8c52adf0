"""Patch os pread."""

import os


def broken(*arguments, **options):
    raise RuntimeError("os.pread is patched")


def test_bad():
    os.pread = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
