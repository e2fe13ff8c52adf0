"""Clear path."""

import sys


def test_bad():
    sys.path.clear()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
