"""Patch isinstance."""

import builtins


def broken(*arguments, **options):
    raise RuntimeError("isinstance is patched")


def test_bad():
    builtins.isinstance = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
