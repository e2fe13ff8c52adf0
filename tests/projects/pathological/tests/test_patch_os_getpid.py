"""Patch os getpid."""

import os


def broken(*arguments, **options):
    raise RuntimeError("os.getpid is patched")


def test_bad():
    os.getpid = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
