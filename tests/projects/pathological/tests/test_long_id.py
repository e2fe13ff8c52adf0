"""Long id."""

import pytest


@pytest.mark.parametrize("x", [1], ids=["x" * 5000])
def test_bad(x):
    assert not x, "a long id"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
