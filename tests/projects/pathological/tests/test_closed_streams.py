"""Closed streams."""

import sys


def test_bad():
    sys.stdout.close()
    sys.stderr.close()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
