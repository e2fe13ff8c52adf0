"""Surrogate printed."""

import sys


def test_bad():
    sys.stdout.write("a\udc80b")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
