"""What a process that is gone has left in its files, fit for a report."""

from __future__ import annotations

import contextlib
import re
import signal
from typing import TYPE_CHECKING

from unified_test_runner.worker.child.utr_child import wire

if TYPE_CHECKING:
    from pathlib import Path

#: So much goes into the report of the test that ran.
_TAIL_BYTES = 64 * 1024
_TAIL_LINES = 60
#: Frames of the machinery below a test: of no use to whoever wrote it.
_MACHINERY = re.compile(r'^  File "[^"]*[/\\](_pytest|pluggy|utr_child|worker[/\\]child)[/\\]')


def last_words(path: Path, start: int = 0) -> str:
    """Return the end of a file from byte `start` on, within a bound; empty without one.

    Of stacks as `faulthandler` writes them, innermost frame first, the frames of pytest and of
    ours are left out, so that the end of the text is where the test is.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line for line in text.splitlines() if not _MACHINERY.match(line)]
    return "\n".join(lines[-_TAIL_LINES:]).strip()


def describe_status(status: int) -> str:
    """Say how a process ended: `killed by SIGSEGV`, `exited with status 3`."""
    if status == wire.CHANNEL_LOST:
        return f"exited with status {status}: it lost the descriptor on which it reports"
    if status >= 0:
        return f"exited with status {status}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-status).name}"
    return f"killed by signal {-status}"
