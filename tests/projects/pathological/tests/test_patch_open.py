"""Patch open."""

import builtins


def broken(*arguments, **options):
    raise RuntimeError("open is patched")


def test_bad():
    builtins.open = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
