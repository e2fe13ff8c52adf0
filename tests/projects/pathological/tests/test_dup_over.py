"""Dup over."""

import os


def test_bad():
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3, 1025):
        if number != null:
            os.dup2(null, number)
    assert False, "after duplicating"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
