"""Huge lists."""

def test_bad():
    assert list(range(20_000)) == list(range(1, 20_001))


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
