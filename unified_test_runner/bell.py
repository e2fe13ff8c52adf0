"""Workers ring it when the engine should listen at once; else it listens now and then.

A worker that runs small tests says thousands of things a second. To wake the engine for each
would cost more than the tests. One pipe serves all workers; a worker that cannot ring is
heard a moment later.
"""

from __future__ import annotations

import os
from contextlib import suppress


class Bell:
    """A pipe whose writing end is non-blocking: rung twice is rung once."""

    def __init__(self) -> None:
        self._read, self.rope = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self.rope, False)

    def fileno(self) -> int:
        """Readable once it has been rung."""
        return self._read

    def hush(self) -> None:
        """Be ready to be rung again."""
        with suppress(BlockingIOError):
            os.read(self._read, 1 << 16)

    def close(self) -> None:
        """Close both ends."""
        os.close(self._read)
        os.close(self.rope)
