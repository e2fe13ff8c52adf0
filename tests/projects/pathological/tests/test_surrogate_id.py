"""Surrogate id."""

import pytest


@pytest.mark.parametrize("x", [1], ids=["\udc80"])
def test_bad(x):
    assert x == 2, "a surrogate id"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
