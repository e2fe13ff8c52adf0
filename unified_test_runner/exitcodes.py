"""What the process returns, and which code wins when several hold. Light: errors need it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(enum.IntEnum):
    """What the process returns. One line per member, as the documentation has it."""

    OK = 0  #: every selected test that ran passed
    TESTS_FAILED = 1  #: a test failed, or a test file could not be imported
    INTERRUPTED = 2  #: stopped by a signal before the end
    INTERNAL = 3  #: the runner itself failed
    USAGE = 4  #: wrong option, catalogue or configuration
    NOTHING_RAN = 5  #: no test was executed, or a named selector led to none
    SERVICE = 10  #: a service failed or could not be had
    TIME_LIMIT = 11  #: the time limit of the run was reached
    INCOMPLETE = 12  #: a planned test has no outcome
    GATE = 13  #: a gate (budget, unexplained skip, …) failed


#: Which code wins when several hold, strongest first.
EXIT_PRECEDENCE: tuple[ExitCode, ...] = (
    ExitCode.INTERNAL,
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.SERVICE,
    ExitCode.TESTS_FAILED,
    ExitCode.TIME_LIMIT,
    ExitCode.INCOMPLETE,
    ExitCode.GATE,
    ExitCode.NOTHING_RAN,
    ExitCode.OK,
)


def strongest_exit(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that wins among `codes`; `OK` when there are none."""
    held = set(codes)
    return next((code for code in EXIT_PRECEDENCE if code in held), ExitCode.OK)
