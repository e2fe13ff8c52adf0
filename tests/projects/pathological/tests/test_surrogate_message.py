"""Surrogate message."""

def test_bad():
    assert False, "lone \udc80 here"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
