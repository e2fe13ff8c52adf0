"""Excepthook."""

import sys
import threading


def test_bad():
    sys.excepthook = None
    sys.unraisablehook = None
    threading.excepthook = None


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
