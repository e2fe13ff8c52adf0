"""Hang with signals blocked."""

import signal
import time


def test_bad():
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    time.sleep(600)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
