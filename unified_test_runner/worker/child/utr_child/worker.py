"""What a worker does right after its start, before and after pytest.

Order matters: the slot's variables are set before pytest is configured, because conftests,
settings modules and C libraries read the environment while they are imported.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import random
import sys
from typing import Any

from . import wire
from .channel import Channel, move_high
from .stock import Stock
from .view import become


class Job:
    """A worker to be: what the runner sent, the two descriptors that came with it, the bell."""

    def __init__(self, spec: dict[str, Any], channel_fd: int, output_fd: int, bell_fd: int) -> None:
        self.spec = spec
        self.channel_fd = channel_fd
        self.output_fd = output_fd
        self.bell_fd = bell_fd


def import_pytest() -> str:
    """Import what every worker needs, so that each fork has it already; returns its version."""
    import pytest
    from _pytest.config import default_plugins

    from . import session  # noqa: F401

    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    return pytest.__version__


def take_over(job: Job) -> None:
    """Give a fork the session and the standard descriptors that a spawned worker begins with."""
    if job.spec["is_debugging"]:
        # Terminal, session and process group are the runner's: Ctrl-C and Ctrl-Z come here.
        os.close(job.output_fd)
    else:
        os.setsid()
        _redirect(job.output_fd)
    random.seed()


def run_spawned(channel_fd: int, bell_fd: int, spec_fd: int) -> int:
    """Be a worker in an interpreter of its own; returns the exit status of the process."""
    spec = wire.decode(_read_all(spec_fd))
    import_pytest()
    return run(Job(spec, channel_fd, 1, move_high(bell_fd)), Stock())


def run(job: Job, stock: Stock) -> int:
    """Be a worker until the runner says finish; returns the exit status of the process.

    Args:
        job: what it is to do.
        stock: what was loaded ahead.
    """
    channel = Channel(move_high(job.channel_fd), job.bell_fd, job.spec["worker"])
    _offer_stacks(job.spec["stacks"], job.spec["stack_signal"])
    _enter_environment(job.spec)
    from . import session

    return session.run_session(job.spec, channel, stock)


def _read_all(fd: int) -> bytes:
    parts = []
    while part := os.read(fd, 1 << 20):
        parts.append(part)
    os.close(fd)
    return b"".join(parts)


def _offer_stacks(path: str, number: int) -> None:
    """Let the runner ask where this process hangs, even where it holds the interpreter's lock."""
    stacks = move_high(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    faulthandler.register(number, file=stacks, all_threads=True)


def _redirect(output_fd: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output_fd, 1)
    os.dup2(output_fd, 2)
    for descriptor in (null, output_fd):
        if descriptor > 2:  # noqa: PLR2004 - beyond standard input, output and error
            os.close(descriptor)


def _enter_environment(spec: dict[str, Any]) -> None:
    """Change the environment in place, so that C code sees it as well."""
    become(spec["environ"])
    os.chdir(spec["root"])
    sys.argv[:] = [os.path.join(os.path.dirname(sys.executable), "pytest"), *spec["arguments"]]
