"""New session."""

import os


def test_bad():
    os.setpgid(0, os.getppid())


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
