"""Atexit exits."""

import atexit
import os


def test_bad():
    atexit.register(os._exit, 5)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
