"""Clear environment."""

import os


def test_bad():
    os.environ.clear()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
