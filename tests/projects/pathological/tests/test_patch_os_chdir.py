"""Patch os chdir."""

import os


def broken(*arguments, **options):
    raise RuntimeError("os.chdir is patched")


def test_bad():
    os.chdir = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
