"""Patch os fstat."""

import os


def broken(*arguments, **options):
    raise RuntimeError("os.fstat is patched")


def test_bad():
    os.fstat = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
