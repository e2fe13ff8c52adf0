"""Double fork."""

import os
import time


def test_bad():
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.waitpid(pid, 0)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
