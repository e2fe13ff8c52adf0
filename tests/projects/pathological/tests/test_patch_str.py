"""Patch str."""

import builtins


def broken(*arguments, **options):
    raise RuntimeError("str is patched")


def test_bad():
    builtins.str = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
