"""Equal ids."""

import pytest


@pytest.mark.parametrize("x", [1, 2])
def test_bad(x):
    assert x == 3, "one of two"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
