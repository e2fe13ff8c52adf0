"""Generator exit."""

def test_bad():
    raise GeneratorExit


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
