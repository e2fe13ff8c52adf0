"""Many open files."""

import os

FILES = []


def test_bad():
    FILES.extend(open(os.devnull) for _ in range(300))


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
