"""Memory error."""

def test_bad():
    raise MemoryError("no more")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
