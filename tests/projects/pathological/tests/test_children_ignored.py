"""Children ignored."""

import signal


def test_bad():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
