"""Hang in setup."""

import time

import pytest


@pytest.fixture
def waits():
    time.sleep(600)


def test_bad(waits):
    pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
