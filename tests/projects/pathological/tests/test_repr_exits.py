"""Repr exits."""

class Odd:
    def __repr__(self):
        raise SystemExit(3)


def test_bad():
    assert Odd() == 1


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
