"""Pytest exit."""

import pytest


def test_bad():
    pytest.exit("enough")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
