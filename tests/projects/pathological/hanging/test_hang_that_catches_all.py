"""Hang that catches all."""

import time


def test_bad():
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
