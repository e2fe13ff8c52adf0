"""Waits for any child."""

import os


def test_bad():
    pid = os.fork()
    if pid == 0:
        os._exit(4)
    found, status = os.wait()
    assert found == pid
    assert os.waitstatus_to_exitcode(status) == 4


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
