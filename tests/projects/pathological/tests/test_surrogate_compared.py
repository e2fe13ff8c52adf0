"""Surrogate compared."""

def test_bad():
    assert "\udc80\ud800" == "x"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
