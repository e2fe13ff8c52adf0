"""Module teardown raises."""

import pytest


@pytest.fixture(scope="module")
def fails():
    yield
    raise ValueError("module teardown is broken")


def test_before(fails):
    assert fails is None


def test_bad(fails):
    pass
