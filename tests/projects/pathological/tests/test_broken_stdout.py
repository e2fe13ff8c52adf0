"""Broken stdout."""

import sys


class Broken:
    def write(self, text):
        raise OSError("no such luck")

    def flush(self):
        raise OSError("no flush")


def test_bad():
    sys.stdout = Broken()
    print("x")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
