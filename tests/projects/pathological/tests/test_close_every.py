"""Close every."""

import os


def test_bad():
    os.closerange(3, 1 << 20)
    assert False, "after closing"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
