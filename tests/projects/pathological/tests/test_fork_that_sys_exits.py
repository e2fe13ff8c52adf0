"""Fork that sys exits."""

import os
import sys


def test_bad():
    if os.fork() == 0:
        sys.exit(3)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
