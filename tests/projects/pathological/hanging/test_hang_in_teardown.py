"""Hang in teardown."""

import time

import pytest


@pytest.fixture
def waits():
    yield
    time.sleep(600)


def test_bad(waits):
    pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
