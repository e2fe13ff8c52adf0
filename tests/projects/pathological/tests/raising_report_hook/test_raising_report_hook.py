"""Raising report hook."""

def test_bad():
    pass
