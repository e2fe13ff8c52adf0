"""Sys exit."""

import sys


def test_bad():
    sys.exit(0)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
