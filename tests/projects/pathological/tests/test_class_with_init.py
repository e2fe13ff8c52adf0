"""Class with init."""

class TestOdd:
    def __init__(self):
        pass

    def test_never(self):
        pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
