"""Ends what tests have started and left behind, wherever it has moved itself to.

A child may have left its worker's process group and session; what it cannot easily shed is
the environment it was started with, which names the run.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from unified_test_runner.services.holdings import RUN_VARIABLE
from unified_test_runner.services.processes import all_pids, carries, start_token


def end_strays(run_id: str) -> list[str]:
    """Kill every process of the run but this one; returns what each was, `name (pid)`.

    Call it when workers, templates and servers have ended.
    """
    ended = []
    for pid in all_pids():
        if carries(pid, RUN_VARIABLE, run_id) and start_token(pid) is not None:
            ended.append(f"{_name(pid)} ({pid})")
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    return ended


def _name(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        return " ".join(word for word in words if word)[:80]
    except OSError:
        return "a process"
