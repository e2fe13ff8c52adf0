"""Patch resource getrusage."""

import resource


def broken(*arguments, **options):
    raise RuntimeError("resource.getrusage is patched")


def test_bad():
    resource.getrusage = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
