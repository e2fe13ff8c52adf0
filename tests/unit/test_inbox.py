from __future__ import annotations

import select
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def inbox() -> Iterator[Inbox[int]]:
    made: Inbox[int] = Inbox()
    yield made
    made.close()


def is_readable(inbox: Inbox[int], timeout_s: float = 0) -> bool:
    return bool(select.select([inbox], [], [], timeout_s)[0])


def test_an_empty_inbox_sleeps(inbox):
    assert not is_readable(inbox)
    assert inbox.take() == []


def test_a_note_wakes_until_it_is_taken(inbox):
    inbox.put(1)
    inbox.put(2)
    assert is_readable(inbox)
    assert inbox.take() == [1, 2]
    assert not is_readable(inbox)


def test_a_note_of_another_thread_wakes_the_loop_that_waits(inbox):
    """The loop waits first: the thread leaves its note once it is told so."""
    is_waiting = threading.Event()

    def leave() -> None:
        is_waiting.wait(10)
        inbox.put(3)

    thread = threading.Thread(target=leave)
    thread.start()
    is_waiting.set()
    assert is_readable(inbox, timeout_s=10)
    thread.join()
    assert inbox.take() == [3]


def test_notes_of_many_threads_all_arrive_each_in_its_order(inbox):
    def leave(first: int) -> None:
        for number in range(first, first + 1000):
            inbox.put(number)

    threads = [threading.Thread(target=leave, args=(first,)) for first in range(0, 4000, 1000)]
    for thread in threads:
        thread.start()
    taken: list[int] = []
    while len(taken) < 4000:
        assert is_readable(inbox, timeout_s=10), "notes were left, and nothing woke the loop"
        taken += inbox.take()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(4000))
    for first in range(0, 4000, 1000):
        assert [n for n in taken if first <= n < first + 1000] == list(range(first, first + 1000))


def test_more_notes_than_the_pipe_has_room_for_do_not_block(inbox):
    for number in range(200_000):
        inbox.put(number)
    assert inbox.take() == list(range(200_000))


@given(st.lists(st.booleans(), max_size=30))
def test_whenever_there_is_a_note_the_descriptor_says_so(steps):
    inbox: Inbox[int] = Inbox()
    left = 0
    for is_put in steps:
        if is_put:
            inbox.put(0)
            left += 1
        else:
            assert len(inbox.take()) == left
            left = 0
        assert is_readable(inbox) is (left > 0)
    inbox.close()


def test_a_note_after_the_end_is_dropped_in_silence():
    inbox: Inbox[int] = Inbox()
    inbox.close()
    inbox.put(1)
    with pytest.raises(OSError, match="Bad file descriptor"):
        inbox.take()
