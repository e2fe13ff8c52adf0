"""The lease of a run: a locked file that lists what the run owns, so that others can clean up.

The file is JSON lines. The first says whose it is and which file on which boot; the others
add or forget holdings. While the lock is held the run lives; a file whose lock can be had,
and which is what it says it is, belongs to nobody and may be swept.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unified_test_runner.errors import RunnerError
from unified_test_runner.services.holdings import (
    MARKER,
    Holding,
    OwnedDirectory,
    OwnedProcess,
    holding_from_plain,
    holding_to_plain,
    new_token,
)
from unified_test_runner.services.places import state_directory
from unified_test_runner.services.processes import boot_id, start_token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_VERSION = 1


class Lease:
    """What one run owns. Safe to use from several threads.

    Args:
        path: the lease file.
        run_id: the run it belongs to.
        descriptor: open and locked; closed by `release`.
    """

    def __init__(self, path: Path, run_id: str, descriptor: int) -> None:
        self.path = path
        self.run_id = run_id
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._held: dict[str, Holding] = {}

    @classmethod
    def acquire(cls, run_id: str, environ: Mapping[str, str]) -> Lease:
        """Make the lease of a run and lock it.

        Raises:
            RunnerError: the state directory cannot be written.
        """
        folder = leases_directory(environ)
        path = folder / f"{new_token()}.jsonl"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            raise RunnerError(f"cannot write the lease {path}: {error.strerror}") from error
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        lease = cls(path, run_id, descriptor)
        found = os.fstat(descriptor)
        head = {"v": _VERSION, "run_id": run_id, "boot_id": boot_id(), "pid": os.getpid()}
        lease._write({**head, "device": found.st_dev, "inode": found.st_ino})
        return lease

    @property
    def holdings(self) -> tuple[Holding, ...]:
        """What is recorded now, oldest first."""
        with self._lock:
            return tuple(self._held.values())

    def record(self, holding: Holding) -> None:
        """Note that the run owns `holding`, or is about to; replaces what had its id."""
        with self._lock:
            self._write({"op": "record", "holding": holding_to_plain(holding)})
            self._held[holding.id] = holding

    def forget(self, holding: Holding) -> None:
        """Note that `holding` is gone."""
        with self._lock:
            if self._held.pop(holding.id, None) is not None:
                self._write({"op": "forget", "id": holding.id})

    def record_process(self, pid: int) -> OwnedProcess:
        """Note a process that runs already; it must carry `UTR_RUN_ID` of this run."""
        holding = OwnedProcess(id=new_token(), pid=pid, started=start_token(pid))
        self.record(holding)
        return holding

    def record_directory(self, path: Path) -> OwnedDirectory:
        """Note a directory, make it if it is missing, and mark it as this run's.

        Raises:
            OSError: it cannot be made or marked.
        """
        holding = OwnedDirectory(id=new_token(), path=str(path.absolute()))
        self.record(holding)
        path.mkdir(mode=0o700, exist_ok=True)
        (path / MARKER).write_text(self.run_id, encoding="utf-8")
        return holding

    def release(self) -> None:
        """Give up the lock; the file goes too unless something is still recorded."""
        with self._lock:
            if self._descriptor < 0:
                return
            if not self._held:
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, entry: Mapping[str, Any]) -> None:
        if self._descriptor < 0:
            raise RunnerError("the lease was released already")
        os.write(self._descriptor, json.dumps(entry).encode() + b"\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLease:
    """A lease file that belongs to nobody any more; we hold its lock until `close`.

    `is_this_boot`: process ids in it mean something.
    """

    path: Path
    run_id: str
    is_this_boot: bool
    holdings: tuple[Holding, ...]
    descriptor: int

    def close(self, *, keep: Sequence[Holding] = ()) -> None:
        """Give up the lock and remove the file, unless some holdings could not be removed."""
        if not keep:
            self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


def leases_directory(environ: Mapping[str, str]) -> Path:
    """Return the folder of lease files, made if needed.

    Raises:
        RunnerError: it cannot be written.
    """
    folder = state_directory(environ) / "leases"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise RunnerError(f"cannot make {folder}: {error.strerror}") from error
    return folder


def take_over(path: Path) -> FoundLease | None:
    """Return the lease at `path` if its run is gone, locked by us; else None."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        found = _take_over(path, descriptor)
    except (OSError, ValueError, KeyError, TypeError):
        found = None  # in use, or nothing we wrote: not ours to touch
    if found is None:
        os.close(descriptor)
    return found


def _take_over(path: Path, descriptor: int) -> FoundLease | None:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    opened, named = os.fstat(descriptor), path.stat()
    if (opened.st_dev, opened.st_ino) != (named.st_dev, named.st_ino):
        return None  # removed and made anew between open and lock
    with os.fdopen(os.dup(descriptor), encoding="utf-8") as stream:
        head, *entries = stream.read().splitlines()
    plain = json.loads(head)
    if (plain["device"], plain["inode"]) != (opened.st_dev, opened.st_ino):
        return None  # a copy, e.g. of a mounted home directory
    return FoundLease(
        path=path,
        run_id=plain["run_id"],
        is_this_boot=plain["boot_id"] == boot_id(),
        holdings=_replay(entries),
        descriptor=descriptor,
    )


def _replay(lines: Sequence[str]) -> tuple[Holding, ...]:
    held: dict[str, Holding] = {}
    for line in lines:
        with contextlib.suppress(json.JSONDecodeError):  # the last line may be half written
            entry = json.loads(line)
            if entry["op"] == "forget":
                held.pop(entry["id"], None)
            else:
                holding = holding_from_plain(entry["holding"])
                held[holding.id] = holding
    return tuple(held.values())
