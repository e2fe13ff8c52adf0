"""Warning in teardown."""

import warnings

import pytest


@pytest.fixture
def warns():
    yield
    warnings.warn("a warning at the end")


@pytest.mark.filterwarnings("error")
def test_bad(warns):
    pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
