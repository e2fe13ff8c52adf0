"""Bytes that are no UTF-8."""

NAME = "ÿþé"


def test_never():
    assert NAME
