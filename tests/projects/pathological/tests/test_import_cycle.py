"""Import cycle."""

from cycle_other import other


def mine():
    return other()


def test_never():
    assert mine()
