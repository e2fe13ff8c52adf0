"""How what a run owned is removed once the run is gone. Shared by the watcher and the sweep.

Nothing is removed because of its name alone: a process must have the recorded start time and
carry the run's id, a directory must hold our marker, a database must bear the recorded random
name, a numbered Redis database must still be claimed by our token.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.services.holdings import (
    MARKER,
    NAME_PREFIX,
    RUN_VARIABLE,
    Holding,
    OwnedDatabase,
    OwnedDirectory,
    OwnedLogicalDatabase,
    OwnedProcess,
)
from unified_test_runner.services.processes import (
    all_pids,
    carries,
    session_of,
    start_token,
    working_directory,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_GRACE_S = 1.0
_NETWORK_S = 2.0
_ROUNDS = 20
_OUR_NAME = re.compile(rf"{NAME_PREFIX}_[0-9a-f]{{32}}(_template)?")


class RemovalError(Exception):
    """Something recorded could not be removed; the text says what and why."""


def remove_processes(
    holdings: Sequence[Holding], run_id: str, *, is_scanning: bool = True
) -> list[str]:
    """End the recorded processes, then any other that carries the run's id.

    Each is asked with its own signal and killed after a second. Returns texts of what could
    not be ended.
    """
    processes = [held for held in holdings if isinstance(held, OwnedProcess)]
    folders = [Path(held.path) for held in holdings if isinstance(held, OwnedDirectory)]
    ours = [held for held in processes if _is_ours(held, run_id, folders)]
    for held in ours:
        _signal(held.pid, held.signal)
    _wait_until(lambda: not any(_lives(held) for held in ours), _GRACE_S)
    for held in ours:
        if _lives(held):
            _signal(held.pid, signal.SIGKILL)
    left = [f"process {held.pid} does not end" for held in ours if not _ends(held)]
    if is_scanning:
        left += _kill_stragglers(processes, run_id, folders)
    for held in processes:
        remove_segment(held)
    return left


def remove_directory(held: OwnedDirectory, run_id: str) -> None:
    """Remove a directory that carries our marker; one without it stays unless it is empty.

    Raises:
        RemovalError: it is still there.
    """
    path = Path(held.path)
    if path.is_symlink() or not path.is_dir():
        return
    try:
        if _marker(path) == run_id:
            shutil.rmtree(path)
        else:
            path.rmdir()  # made but not yet marked; refuses when anything is inside
    except FileNotFoundError:
        return
    except OSError as error:
        raise RemovalError(f"directory {path} stays: {error.strerror}") from error


def remove_database(held: OwnedDatabase) -> None:
    """Drop a database on a server that is not ours.

    Raises:
        RemovalError: it could not be dropped.
    """
    from unified_test_runner.services.kinds.pgwire import PgConnection, PgError, drop_database

    if not _OUR_NAME.fullmatch(held.name):
        raise RemovalError(f"database {held.name} stays: it does not bear a name of ours")
    try:
        with PgConnection(held.endpoint, timeout_s=_NETWORK_S, tls=held.tls) as connection:
            drop_database(connection, held.name)
    except (OSError, PgError) as error:
        where = held.endpoint.address
        raise RemovalError(f"database {held.name} on {where} stays: {error}") from error


def remove_logical_database(held: OwnedLogicalDatabase) -> None:
    """Empty a numbered Redis database that we claimed, and give up the claim.

    Raises:
        RemovalError: it could not be emptied.
    """
    from unified_test_runner.services.kinds.resp import RedisConnection, RedisError

    try:
        with RedisConnection(held.endpoint, timeout_s=_NETWORK_S) as connection:
            registry = int(held.endpoint.database or 0)
            connection.run("SELECT", registry)
            if connection.run("GET", held.lock) != held.token:
                return  # never claimed, or given up already
            connection.run("SELECT", held.number)
            connection.run("FLUSHDB")
            connection.run("SELECT", registry)
            connection.run("DEL", held.lock)
    except (OSError, RedisError) as error:
        where = f"{held.endpoint.address}/{held.number}"
        raise RemovalError(f"redis database {where} stays: {error}") from error


def remove(held: Holding, run_id: str) -> None:
    """Remove anything but a process.

    Raises:
        RemovalError: it is still there.
    """
    if isinstance(held, OwnedDirectory):
        remove_directory(held, run_id)
    elif isinstance(held, OwnedDatabase):
        remove_database(held)
    elif isinstance(held, OwnedLogicalDatabase):
        remove_logical_database(held)


def remove_all(
    holdings: Sequence[Holding], run_id: str, *, has_processes: bool
) -> tuple[list[str], list[Holding]]:
    """Remove everything of a run that is gone.

    Args:
        holdings: what its lease lists.
        run_id: whose markers and environments count.
        has_processes: False when the machine was started anew since, so that process ids
            mean nothing.

    Returns:
        Texts of what went wrong, and the holdings that are still there.
    """
    errors = remove_processes(holdings, run_id) if has_processes else []
    kept: list[Holding] = []
    for held in holdings:
        error = _removal_error(held, run_id)
        if error is not None:
            errors.append(error)
            kept.append(held)
    return errors, kept


def _removal_error(held: Holding, run_id: str) -> str | None:
    try:
        remove(held, run_id)
    except RemovalError as error:
        return str(error)
    return None


def remove_segment(held: OwnedProcess) -> None:
    """Remove the System V segment that a killed PostgreSQL left behind.

    The segment must have the key, the id and the creator that its `postmaster.pid` names,
    and nobody attached to it.
    """
    if not held.data or sys.platform != "linux":
        return
    try:
        lines = (Path(held.data) / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        key, segment = (int(part) for part in lines[6].split())
        owner = int(lines[0])
    except (OSError, ValueError, IndexError):
        return  # it ended in order and took the segment along, or never came so far
    if _is_orphan_segment(key, segment, owner):
        import ctypes

        ctypes.CDLL(None).shmctl(segment, 0, None)  # 0: IPC_RMID


def _is_orphan_segment(key: int, segment: int, owner: int) -> bool:
    with contextlib.suppress(OSError):
        for line in Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if int(fields[1]) == segment:
                same = int(fields[0]) == key and int(fields[4]) == owner
                return same and int(fields[6]) == 0
    return False


def _is_ours(held: OwnedProcess, run_id: str, folders: Sequence[Path]) -> bool:
    if held.pid is None or held.started is None or start_token(held.pid) != held.started:
        return False
    return carries(held.pid, RUN_VARIABLE, run_id) or _works_in(held.pid, folders)


def _works_in(pid: int, folders: Iterable[Path]) -> bool:
    # A server may overwrite its environment with its title; its working directory stays.
    found = working_directory(pid)
    return found is not None and any(found.is_relative_to(folder) for folder in folders)


def _kill_stragglers(
    processes: Sequence[OwnedProcess], run_id: str, folders: Sequence[Path]
) -> list[str]:
    sessions = {held.pid for held in processes if held.pid is not None}
    found: list[int] = []
    for _ in range(_ROUNDS):  # a process may fork while we look
        found = [
            pid
            for pid in all_pids()
            if carries(pid, RUN_VARIABLE, run_id)
            or (session_of(pid) in sessions and _works_in(pid, folders))
        ]
        living = [pid for pid in found if start_token(pid) is not None]
        if not living:
            return []
        for pid in living:
            _signal(pid, signal.SIGKILL)
        time.sleep(0.02)
    return [f"process {pid} does not end" for pid in found]


def _lives(held: OwnedProcess) -> bool:
    return held.pid is not None and start_token(held.pid) == held.started


def _ends(held: OwnedProcess) -> bool:
    return _wait_until(lambda: not _lives(held), _GRACE_S)


def _signal(pid: int | None, number: int) -> None:
    if pid is not None:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _wait_until(condition: Callable[[], bool], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _marker(path: Path) -> str | None:
    try:
        return (path / MARKER).read_text(encoding="utf-8")
    except OSError:
        return None
