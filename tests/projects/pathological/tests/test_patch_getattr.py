"""Patch getattr."""

import builtins


def broken(*arguments, **options):
    raise RuntimeError("getattr is patched")


def test_bad():
    builtins.getattr = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
