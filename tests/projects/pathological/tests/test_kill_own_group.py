"""Kill own group."""

import os
import signal


def test_bad():
    os.killpg(0, signal.SIGKILL)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
