"""Kill sigkill."""

import os
import signal


def test_bad():
    os.kill(os.getpid(), signal.SIGKILL)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
