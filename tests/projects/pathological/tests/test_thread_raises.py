"""Thread raises."""

import threading

import pytest


def fail():
    raise ValueError("in a thread")


@pytest.mark.filterwarnings("error")
def test_bad():
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
