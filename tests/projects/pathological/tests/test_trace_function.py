"""Trace function."""

import sys


def test_bad():
    sys.settrace(lambda *_: None)
    sys.setprofile(lambda *_: None)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
