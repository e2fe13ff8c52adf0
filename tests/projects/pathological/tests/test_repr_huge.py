"""Repr huge."""

class Odd:
    def __repr__(self):
        return "x" * 10_000_000


def test_bad():
    assert Odd() == 1


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
