"""Unraisable."""

import pytest


class Odd:
    def __del__(self):
        raise ValueError("in a destructor")


@pytest.mark.filterwarnings("error")
def test_bad():
    Odd()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
