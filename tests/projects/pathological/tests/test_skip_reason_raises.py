"""Skip reason raises."""

import pytest


class Odd:
    def __str__(self):
        raise ValueError("no reason")

    __repr__ = __str__


def test_bad():
    pytest.skip(Odd())


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
