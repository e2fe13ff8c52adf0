"""Own file deleted."""

import os


def test_bad():
    os.unlink(__file__)
    assert False, "without a source"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
