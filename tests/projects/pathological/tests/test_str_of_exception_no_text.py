"""Str of exception no text."""

class Odd(Exception):
    def __str__(self):
        return None


def test_bad():
    raise Odd


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
