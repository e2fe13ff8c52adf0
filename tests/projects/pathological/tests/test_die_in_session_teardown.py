"""Die in session teardown."""

import os

import pytest


@pytest.fixture(scope="session")
def dies():
    yield
    os._exit(9)


def test_bad(dies):
    assert dies is None


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
