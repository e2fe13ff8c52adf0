"""Thread."""

import threading
import time


def test_bad():
    threading.Thread(target=time.sleep, args=(0.5,)).start()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
