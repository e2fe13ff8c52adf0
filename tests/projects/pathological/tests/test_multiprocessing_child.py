"""Multiprocessing child."""

import multiprocessing


def answer(queue):
    queue.put(42)


def test_bad():
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=answer, args=(queue,))
    child.start()
    assert queue.get(timeout=30) == 42
    child.join(30)
    assert child.exitcode == 0


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
