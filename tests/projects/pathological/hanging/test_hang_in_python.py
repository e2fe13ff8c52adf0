"""Hang in python."""

import time


def test_bad():
    while True:
        time.sleep(0.01)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
