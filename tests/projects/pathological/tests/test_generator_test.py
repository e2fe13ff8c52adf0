"""Generator test."""

def test_bad():
    yield 1


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
