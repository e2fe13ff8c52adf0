"""Breakpoint left."""

def test_bad():
    breakpoint()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
