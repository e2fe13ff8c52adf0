"""Hang in c."""

import ctypes


def test_bad():
    ctypes.PyDLL(None).sleep(600)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
