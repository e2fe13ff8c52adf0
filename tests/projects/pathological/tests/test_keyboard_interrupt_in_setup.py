"""Keyboard interrupt in setup."""

import pytest


@pytest.fixture
def interrupts():
    raise KeyboardInterrupt


def test_bad(interrupts):
    pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
