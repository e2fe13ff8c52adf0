"""Recursion."""

def endless():
    return endless()


def test_bad():
    endless()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
