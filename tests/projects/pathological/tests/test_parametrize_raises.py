"""Parametrize raises."""

import pytest


def values():
    yield 1
    raise ValueError("broken parameters")


@pytest.mark.parametrize("n", values())
def test_bad(n):
    pass
