"""Broken conftest."""

def test_never():
    assert True
