"""Segfault."""

def test_bad():
    import ctypes

    ctypes.string_at(0)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
