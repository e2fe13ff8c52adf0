"""Where other threads leave notes for the engine's loop: a queue with a descriptor to wait on."""

from __future__ import annotations

import os
import queue
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue that any thread may fill and one loop empties."""

    def __init__(self) -> None:
        self._notes: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._is_closed = False

    def fileno(self) -> int:
        """Readable when there is something to take."""
        return self._read

    def put(self, note: T) -> None:
        """Leave a note. After `close` it is dropped."""
        self._notes.put(note)
        # A full pipe wakes the loop as well as one more byte would.
        with suppress(BlockingIOError, OSError):
            if not self._is_closed:
                os.write(self._write, b"!")

    def take(self) -> list[T]:
        """Return all notes left so far, without waiting."""
        with suppress(BlockingIOError):
            os.read(self._read, 4096)
        notes = []
        while not self._notes.empty():
            notes.append(self._notes.get())
        return notes

    def close(self) -> None:
        """Close the descriptors."""
        self._is_closed = True
        os.close(self._read)
        os.close(self._write)
