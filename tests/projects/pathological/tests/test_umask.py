"""Umask."""

import os


def test_bad():
    os.umask(0o777)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
