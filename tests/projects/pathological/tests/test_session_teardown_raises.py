"""Session teardown raises."""

import pytest


@pytest.fixture(scope="session")
def fails():
    yield
    raise ValueError("session teardown is broken")


def test_bad(fails):
    pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
