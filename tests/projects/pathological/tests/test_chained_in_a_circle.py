"""Chained in a circle."""

def test_bad():
    one, two = ValueError("one of a circle"), ValueError("two of a circle")
    one.__cause__, two.__cause__ = two, one
    raise one


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
