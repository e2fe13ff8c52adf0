"""Exit now 1."""

import os


def test_bad():
    os._exit(1)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
