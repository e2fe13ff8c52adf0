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


def available_memory(
    root: Path = Path("/sys/fs/cgroup"), meminfo: Path = Path("/proc/meminfo")
) -> int | None:
    """Return the bytes that new processes may use: what is available, bounded by the cgroup.

    None where the platform does not tell.

    Args:
        root: where cgroup v2 is mounted (v1: with a `memory` folder).
        meminfo: the kernel's account of the machine's memory.
    """
    found = [_machine_memory(meminfo), _cgroup_memory(root)]
    known = [size for size in found if size is not None]
    return min(known) if known else None


def _machine_memory(meminfo: Path) -> int | None:
    fields = _fields(meminfo)
    kib = fields.get("MemAvailable:")
    return None if kib is None else kib * 1024


def _cgroup_memory(root: Path) -> int | None:
    """Return what is left below the cgroup's limit; the page cache it holds counts as free."""
    for folder, limit_name, usage_name, cache_key in (
        (root, "memory.max", "memory.current", "inactive_file"),
        (root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            limit = int((folder / limit_name).read_text())
            used = int((folder / usage_name).read_text())
        except (OSError, ValueError):  # absent, or "max"
            continue
        cache = _fields(folder / "memory.stat").get(cache_key, 0)
        return max(0, limit - max(0, used - cache))
    return None


def _fields(path: Path) -> dict[str, int]:
    """Return the numbers of a file of lines `NAME NUMBER [UNIT]`."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {line[0]: int(line[1]) for line in lines if len(line) > 1 and line[1].isdigit()}


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
