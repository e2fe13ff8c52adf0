"""Close standard."""

import os


def test_bad():
    os.closerange(0, 3)
    assert False, "after closing"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
