"""Hang in lock."""

import threading


def test_bad():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
