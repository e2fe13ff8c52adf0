"""Change folder."""

import os


def test_bad():
    os.chdir("/")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
