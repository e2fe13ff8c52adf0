"""Patch len."""

import builtins


def broken(*arguments, **options):
    raise RuntimeError("len is patched")


def test_bad():
    builtins.len = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
