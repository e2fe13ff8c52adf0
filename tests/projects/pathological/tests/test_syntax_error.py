"""Syntax error."""

def test_never(:
    pass
