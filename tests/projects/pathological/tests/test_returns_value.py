"""Returns value."""

def test_bad():
    return 3


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
