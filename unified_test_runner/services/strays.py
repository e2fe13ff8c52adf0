"""Ends what tests have started and left behind, wherever it has moved itself to.

A child may have left its worker's process group and session; what it cannot easily shed is
the environment it was started with, which names the run.
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from unified_test_runner.services.holdings import RUN_VARIABLE
from unified_test_runner.services.processes import all_pids, carries, start_token, variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A process that was left; `test` is the node id of the one that started it, if known."""

    name: str
    pid: int
    test: str = ""


def end_strays(run_id: str) -> list[Stray]:
    """Kill every process of the run but this one; returns what each was.

    Call it when workers, templates and servers have ended.
    """
    ended = []
    for pid in all_pids():
        if carries(pid, RUN_VARIABLE, run_id) and start_token(pid) is not None:
            ended.append(Stray(name=_name(pid), pid=pid, test=_test(pid)))
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    return ended


def _test(pid: int) -> str:
    """The test that ran when the process was started, as pytest tells in the environment.

    A copy made by `fork` alone shows the environment that the template was started with.
    """
    return variable(pid, "PYTEST_CURRENT_TEST").rpartition(" (")[0]


def _name(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        return " ".join(word for word in words if word)[:80]
    except OSError:
        return "a process"
