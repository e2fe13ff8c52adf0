"""Missing fixture."""

def test_bad(fixture_of_nobody):
    pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
