"""Patch repr."""

import builtins


def broken(*arguments, **options):
    raise RuntimeError("repr is patched")


def test_bad():
    builtins.repr = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
