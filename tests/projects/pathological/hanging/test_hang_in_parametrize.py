"""Hang in parametrize."""

import time

import pytest


def values():
    yield 1
    time.sleep(600)


@pytest.mark.parametrize("n", values())
def test_bad(n):
    pass
