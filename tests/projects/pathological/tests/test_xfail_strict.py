"""Xfail strict."""

import pytest


@pytest.mark.xfail(strict=True, reason="known")
def test_bad():
    assert True


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
