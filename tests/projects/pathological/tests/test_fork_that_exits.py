"""Fork that exits."""

import os


def test_bad():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
