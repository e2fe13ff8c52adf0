"""Signals ignored."""

import signal


def test_bad():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
