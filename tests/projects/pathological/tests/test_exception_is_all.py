"""Exception is all."""

class Odd(Exception):
    def __getattribute__(self, name):
        raise ValueError("no attribute")


def test_bad():
    raise Odd


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
