"""Base exception."""

def test_bad():
    raise BaseException("of the base")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
