"""How workers come to be: as forks of the template, or as interpreters of their own.

Forking is fast, but only the thread that forks lives on in the child: a lock that another one
held at that moment stays locked there for ever.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
from typing import TYPE_CHECKING

from . import wire
from .traces import running_threads

if TYPE_CHECKING:
    from .worker import Job

AUTO, FORK, SPAWN = "auto", "fork", "spawn"

_MAIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "main.py")
_MOST_SEEDS = 4294967295


def choose(wanted: str) -> tuple[str, str]:
    """Return how workers are started, and why, as far as this process shows by now."""
    if wanted != AUTO:
        return wanted, "as --start says"
    if sys.platform != "linux":
        return SPAWN, f"forking is not safe on {sys.platform}"
    threads = running_threads()
    if threads > 1:
        return SPAWN, f"{threads} threads run in a fresh interpreter{_named_threads()}"
    return FORK, "one thread runs in the template"


def _named_threads() -> str:
    others = [thread.name for thread in threading.enumerate()]
    others.remove(threading.main_thread().name)
    return f" ({', '.join(others)})" if others else ""


def spawn(job: Job) -> int:
    """Start a worker as a process of its own and return its pid; the caller reaps it."""
    import subprocess

    is_debugging = job.spec["is_debugging"]
    with tempfile.TemporaryFile() as handed:
        handed.write(wire.encode(job.spec))
        handed.flush()
        handed.seek(0)
        descriptors = (job.channel_fd, job.bell_fd, handed.fileno())
        process = subprocess.Popen(
            [sys.executable, _MAIN, "worker", *map(str, descriptors)],
            cwd=job.spec["root"],
            env=_with_seed(job.spec["environ"]),
            stdin=None if is_debugging else subprocess.DEVNULL,
            stdout=None if is_debugging else job.output_fd,
            stderr=None if is_debugging else job.output_fd,
            pass_fds=descriptors,
            start_new_session=not is_debugging,
        )
    # Reaped by number, with its resource usage: the object must neither wait nor warn.
    process.returncode = 0
    return process.pid


def _with_seed(environ: dict[str, str]) -> dict[str, str]:
    """Give all workers the same order of sets, as forks have it.

    A worker takes the variable out of its environment before anything of the project runs.
    """
    return {"PYTHONHASHSEED": str(_SEED), **environ}


_SEED = random.Random().randint(1, _MOST_SEEDS)  # noqa: S311 - no secret


def pytest_version() -> str:
    """Return the version of pytest that this interpreter has, without importing it.

    Raises:
        ModuleNotFoundError: there is none.
    """
    import importlib.metadata
    import importlib.util

    if importlib.util.find_spec("pytest") is None:
        raise ModuleNotFoundError("No module named 'pytest'")
    try:
        return importlib.metadata.version("pytest")
    except importlib.metadata.PackageNotFoundError:
        return ""
