"""Kill sigabrt."""

import os
import signal


def test_bad():
    os.kill(os.getpid(), signal.SIGABRT)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
