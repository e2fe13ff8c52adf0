"""Patch select select."""

import select


def broken(*arguments, **options):
    raise RuntimeError("select.select is patched")


def test_bad():
    select.select = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
