"""Chained."""

def test_bad():
    error = ValueError("the first")
    for number in range(300):
        following = ValueError(f"number {number}")
        following.__cause__ = error
        error = following
    raise error


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
