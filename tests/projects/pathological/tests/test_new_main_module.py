"""New main module."""

import sys


def test_bad():
    sys.modules["__main__"] = None
    sys.argv.clear()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
