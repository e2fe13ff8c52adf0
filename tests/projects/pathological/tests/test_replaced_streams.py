"""Replaced streams."""

import io
import sys


def test_bad():
    sys.stdout = io.StringIO()
    sys.stderr = None
    sys.__stdout__ = None


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
