"""Hang in regular expression."""

import re


def test_bad():
    re.match(r"(a+)+$", "a" * 64 + "b")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
