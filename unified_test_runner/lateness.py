"""How long workers may take to end, and what is said of those that took too long. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.events import NoticeGiven

if TYPE_CHECKING:
    from unified_test_runner.crew import Seat
    from unified_test_runner.events import Event

#: A worker told to finish may take this long for its session's teardown.
FINISH_S = 120.0
#: After its session has ended, the interpreter's own end (threads, atexit) may take this long.
EXIT_S = 15.0
#: A worker that closed its channel should be reaped at once.
CLOSED_S = 2.0


def describe_overdue(seat: Seat) -> str:
    """Say what took too long in a worker whose deadline has passed."""
    limit = f"longer than its limit of {seat.limit_s:g} s"
    if seat.test:
        return limit
    if seat.unit is not None:
        return limit if not seat.is_collected else f"between tests, {limit}"
    return f"while it started, {limit}"


def complain(seat: Seat) -> Event:
    """A worker did not end in time and is killed."""
    what = "at the end of its interpreter" if seat.has_finished else "at the end of its session"
    return NoticeGiven(
        level="error",
        message=f"worker {seat.process.worker} hung {what} and was killed",
        hint="look for threads that are not daemons, and for fixtures that wait",
    )
