"""Faulthandler off."""

import faulthandler


def test_bad():
    faulthandler.disable()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
