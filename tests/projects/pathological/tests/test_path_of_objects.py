"""Path of objects."""

import sys


def test_bad():
    sys.path[:] = [None, 3]


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
