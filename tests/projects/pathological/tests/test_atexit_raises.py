"""Atexit raises."""

import atexit


def fail():
    raise RuntimeError("raised at exit")


def test_bad():
    atexit.register(fail)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
