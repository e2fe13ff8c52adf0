"""Reads input."""

def test_bad():
    input()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
