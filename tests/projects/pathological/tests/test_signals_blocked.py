"""Signals blocked."""

import signal


def test_bad():
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
