"""Setup raises."""

import pytest


@pytest.fixture
def fails():
    raise ValueError("set-up is broken")


def test_bad(fails):
    pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
