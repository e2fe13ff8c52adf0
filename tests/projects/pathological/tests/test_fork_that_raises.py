"""Fork that raises."""

import os


def test_bad():
    if os.fork() == 0:
        raise RuntimeError("in the copy")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
