"""Generator test."""

def test_bad():
    yield 1
