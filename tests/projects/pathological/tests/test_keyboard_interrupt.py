"""Keyboard interrupt."""

def test_bad():
    raise KeyboardInterrupt


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
