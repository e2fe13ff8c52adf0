"""Repr raises."""

class Odd:
    def __repr__(self):
        raise ValueError("no repr")


def test_bad():
    assert Odd() == 1


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
