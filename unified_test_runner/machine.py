"""What this machine grants us: processors, and the interpreters that are at hand."""

from __future__ import annotations

import math
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def available_cpus(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many processors may be used: affinity, bounded by the cgroup's quota.

    Args:
        root: where cgroup v2 is mounted (v1: with a `cpu` folder).
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    quota = _cgroup_quota(root)
    return max(1, count if quota is None else min(count, math.ceil(quota)))


def _cgroup_quota(root: Path) -> float | None:
    """Return the processors that the cgroup's quota amounts to, None without one."""
    try:
        limit, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (root / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        return int(limit) / int(period) if int(limit) > 0 else None
    except (ValueError, ZeroDivisionError):
        return None  # "max"


def choose_interpreter(
    option: str | None, environ: Mapping[str, str], cwd: Path
) -> tuple[str, str]:
    """Return the Python that runs the tests, and why it was chosen.

    The one named by `--python`, else the active virtual environment's if pytest is in it,
    else the one that runs this program. A relative path counts from `cwd`, where it was typed.

    Raises:
        UsageError: what `--python` names cannot be run.
    """
    if option:
        found = program(option, environ, cwd)
        if found is None:
            hint = "name the python of a virtual environment, or one on the PATH"
            raise UsageError(f"--python: '{option}' cannot be run", hint=hint)
        return found, "--python"
    active = environ.get("VIRTUAL_ENV")
    if active:
        python = Path(active) / "bin" / "python"
        if python.exists() and any(Path(active).glob("lib/python*/site-packages/pytest")):
            return str(python), "the active virtual environment"
    return sys.executable, "the interpreter of this program"


def program(written: str, environ: Mapping[str, str], folder: Path) -> str | None:
    """Return the program that is meant: on the PATH, or relative to `folder`; None without it."""
    path = str(folder / written) if os.sep in written else written
    return shutil.which(path, path=environ.get("PATH", os.defpath))
