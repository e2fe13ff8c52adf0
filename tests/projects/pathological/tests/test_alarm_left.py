"""Alarm left."""

import signal


def test_bad():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
