"""Huge output."""

def test_bad():
    print("x" * 20_000_000)
    assert False, "after much output"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
