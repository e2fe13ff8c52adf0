"""Raising hook."""

def test_bad():
    pass
