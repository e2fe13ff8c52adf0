"""Invalid output."""

import os


def test_bad():
    os.write(1, b"\xff\xfe\x00\x80" * 100)
    os.write(2, b"\xc3")
    assert False, "after odd output"


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
