"""Eq raises."""

class Odd:
    def __eq__(self, other):
        raise ValueError("no comparison")


def test_bad():
    assert Odd() == 1


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
