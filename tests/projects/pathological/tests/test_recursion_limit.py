"""Recursion limit."""

import sys


def test_bad():
    sys.setrecursionlimit(50)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
