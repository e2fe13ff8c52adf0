"""Nice."""

import os


def test_bad():
    os.nice(5)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
