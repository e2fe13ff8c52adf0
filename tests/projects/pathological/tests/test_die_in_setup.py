"""Die in setup."""

import os

import pytest


@pytest.fixture
def dies():
    os._exit(9)


def test_bad(dies):
    pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
