"""What the kernel says about processes: start times, environments, sessions.

Linux answers from /proc; elsewhere psutil does. Every function treats a process that ended
in the meantime as absent. Imported by the watcher: standard library only on Linux.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_IS_LINUX = sys.platform == "linux"
_STATE, _SESSION, _START = 0, 3, 19  # places after the command name in /proc/<pid>/stat


def start_token(pid: int) -> str | None:
    """Return when `pid` started, in the kernel's own units; None when no such process lives.

    Only good for comparison on the same boot. A zombie counts as ended.
    """
    if _IS_LINUX:
        fields = _stat(pid)
        return fields[_START] if fields and fields[_STATE] not in "ZX" else None
    return _psutil_start(pid)


def session_of(pid: int) -> int | None:
    """Return the session `pid` belongs to, or None."""
    try:
        return os.getsid(pid)
    except OSError:
        return None


def carries(pid: int, name: str, value: str) -> bool:
    """Whether `pid` was started with the environment variable `name` set to `value`."""
    wanted = f"{name}={value}".encode()
    if _IS_LINUX:
        try:
            return wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
    return _psutil_variable(pid, name) == value


def variable(pid: int, name: str) -> str:
    """Return what the environment variable `name` was when `pid` was started, else nothing."""
    if not _IS_LINUX:
        return _psutil_variable(pid, name) or ""
    try:
        pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    head = f"{name}=".encode()
    found = next((pair[len(head) :] for pair in pairs if pair.startswith(head)), b"")
    return found.decode("utf-8", "surrogateescape")


def working_directory(pid: int) -> Path | None:
    """Return the working directory of `pid`, or None where we may not know it."""
    if not _IS_LINUX:
        return None
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def all_pids() -> Iterator[int]:
    """Yield every process there is, except this one."""
    if _IS_LINUX:
        found = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]
    else:
        import psutil

        found = psutil.pids()
    yield from (pid for pid in found if pid != os.getpid())


def boot_id() -> str:
    """Return what is different after each start of the machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        import psutil

        return str(int(psutil.boot_time()))


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the command name may hold blanks and brackets


def _psutil_start(pid: int) -> str | None:
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return repr(process.create_time())
    return None


def _psutil_variable(pid: int, name: str) -> str | None:
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        return psutil.Process(pid).environ().get(name)
    return None
