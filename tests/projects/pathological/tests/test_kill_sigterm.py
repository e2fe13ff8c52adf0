"""Kill sigterm."""

import os
import signal


def test_bad():
    os.kill(os.getpid(), signal.SIGTERM)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
