"""How a worker that is over its time is ended: stacks first, then TERM, then KILL.

Out of process, so that it works whatever the worker hangs in. Driven by the engine's clock;
never waits by itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from unified_test_runner.worker.process import STACK_SIGNAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unified_test_runner.worker.process import WorkerProcess

#: So long the worker may take to write the stacks of its threads.
_STACKS_S = 1.0
#: Stacks are complete when their file has not grown for so long.
_QUIET_S = 0.1
#: So long its processes may take to end on SIGTERM.
_TERM_S = 0.5


class Ending:
    """The end of one overdue worker, in steps.

    Args:
        process: the worker.
        stacks: file that it writes its stacks to.
        now: seconds on the run's clock.
    """

    def __init__(self, process: WorkerProcess, stacks: Path, now: float) -> None:
        self._process = process
        self._stacks = stacks
        self._now = now
        self._steps = self._course()
        next(self._steps)

    def go_on(self, now: float) -> None:
        """Take the steps that are due."""
        self._now = now
        next(self._steps, None)

    def _course(self) -> Iterator[None]:
        self._signal(STACK_SIGNAL, is_group=False)
        began = grew = self._now
        size = 0
        while self._now < began + _STACKS_S and (not size or self._now < grew + _QUIET_S):
            yield
            if (seen := _size(self._stacks)) != size:
                size, grew = seen, self._now
        self._signal(signal.SIGTERM, is_group=True)
        began = self._now
        while self._now < began + _TERM_S:
            yield
        self._process.kill()
        yield

    def _signal(self, number: int, *, is_group: bool) -> None:
        if self._process.pid is None:
            return
        send = os.killpg if is_group else os.kill
        with contextlib.suppress(ProcessLookupError, PermissionError):
            send(self._process.pid, number)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
