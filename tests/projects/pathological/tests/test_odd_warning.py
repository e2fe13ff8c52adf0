"""Odd warning."""

import warnings


class Odd(UserWarning):
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


def test_bad():
    warnings.warn(Odd())


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
