"""Odd ids."""

import pytest


@pytest.mark.parametrize(
    "x", [1, 2, 3, 4, 5, 6, 7], ids=["a\nb", "[c]", "d::e", "é🚀", " ", "%s{}", "a/b.py::c"]
)
def test_bad(x):
    assert x < 3, "an odd id"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
