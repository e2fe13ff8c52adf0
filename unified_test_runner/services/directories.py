"""Private directories of a run, and copies of prepared ones."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.services.holdings import MARKER, NAME_PREFIX, OwnedDirectory, new_token

if TYPE_CHECKING:
    from unified_test_runner.services.lease import Lease
    from unified_test_runner.services.places import Account

_CHUNK = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateDirectory:
    """A directory of mode 0700 under a random name, recorded in the lease."""

    path: Path
    holding: OwnedDirectory
    lease: Lease

    @classmethod
    def make(cls, lease: Lease, parent: Path, account: Account | None) -> PrivateDirectory:
        """Make one in `parent`, for `account` or for ourselves.

        Raises:
            OSError: it cannot be made.
        """
        path = parent.absolute() / f"{NAME_PREFIX}-{new_token()}"
        holding = lease.record_directory(path)
        if account is not None:
            os.chown(path, account.uid, account.gid)
        return cls(path=path, holding=holding, lease=lease)

    def remove(self) -> None:
        """Remove it with all it holds.

        Raises:
            OSError: something in it cannot be removed.
        """
        # The marker goes last, so that a sweep can finish what we could not.
        for entry in os.scandir(self.path):
            if entry.name == MARKER:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                Path(entry.path).unlink()
        (self.path / MARKER).unlink(missing_ok=True)
        self.path.rmdir()
        self.lease.forget(self.holding)


def copy_tree(source: Path, target: Path, account: Account | None) -> None:
    """Copy folders, files and links of `source` to the new folder `target`.

    Modes are kept, times are not; the copy belongs to `account`, or to us. Half the time of
    `shutil.copytree` for a PostgreSQL data directory of a thousand files.

    Raises:
        OSError: something cannot be read or written.
    """
    mode = source.stat().st_mode & 0o777
    target.mkdir(mode=mode)
    if account is not None:
        os.chown(target, account.uid, account.gid)
    for entry in os.scandir(source):
        made = target / entry.name
        if entry.is_symlink():
            made.symlink_to(Path(entry.path).readlink())
        elif entry.is_dir():
            copy_tree(Path(entry.path), made, account)
        else:
            _copy_file(entry.path, str(made), account)


def tree_bytes(path: Path) -> int:
    """Return the sum of the sizes of all files under `path`."""
    return sum(found.stat().st_size for found in path.rglob("*") if found.is_file())


def _copy_file(source: str, target: str, account: Account | None) -> None:
    reading = os.open(source, os.O_RDONLY)
    try:
        found = os.fstat(reading)
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, found.st_mode & 0o777)
        try:
            _pump(reading, writing, found.st_size)
            if account is not None:
                os.fchown(writing, account.uid, account.gid)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _pump(reading: int, writing: int, size: int) -> None:
    if size and hasattr(os, "copy_file_range"):
        try:
            while size > 0:
                moved = os.copy_file_range(reading, writing, min(size, _CHUNK))
                if moved == 0:
                    return
                size -= moved
        except OSError:
            pass  # not between these two file systems: the plain way goes on from here
    while block := os.read(reading, 1 << 20):
        view = memoryview(block)
        while view:
            view = view[os.write(writing, view) :]
