"""Die in module teardown."""

import os

import pytest


@pytest.fixture(scope="module")
def dies():
    yield
    os._exit(9)


def test_before(dies):
    assert dies is None


def test_bad(dies):
    pass
