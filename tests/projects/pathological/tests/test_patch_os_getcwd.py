"""Patch os getcwd."""

import os


def broken(*arguments, **options):
    raise RuntimeError("os.getcwd is patched")


def test_bad():
    os.getcwd = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
