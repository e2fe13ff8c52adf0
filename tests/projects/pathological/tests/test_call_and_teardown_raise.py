"""Call and teardown raise."""

import pytest


@pytest.fixture
def fails():
    yield
    raise ValueError("teardown as well")


def test_bad(fails):
    assert 1 == 2, "the call first"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
