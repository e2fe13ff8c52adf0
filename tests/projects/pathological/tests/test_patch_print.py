"""Patch print."""

import builtins


def broken(*arguments, **options):
    raise RuntimeError("print is patched")


def test_bad():
    builtins.print = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
