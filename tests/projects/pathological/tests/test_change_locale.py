"""Change locale."""

import locale


def test_bad():
    locale.setlocale(locale.LC_ALL, "C")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
