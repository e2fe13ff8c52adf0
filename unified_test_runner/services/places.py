"""Where things lie: leases, caches, private directories. Paths come from the given environment."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.errors import RunnerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROGRAM = "unified-test-runner"
_SHM = Path("/dev/shm")  # noqa: S108 - what we make there is private and randomly named


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An unprivileged user that servers run as when the runner is root."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the user to drop to, or None when we are unprivileged already.

    Raises:
        RunnerError: we are root and there is no other user.
    """
    if os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise RunnerError("running as root, and there is neither a user 'postgres' nor 'nobody'")


def state_directory(environ: Mapping[str, str]) -> Path:
    """Return the folder that holds `leases/`, made if needed and closed to other users.

    Raises:
        RunnerError: none of the candidates can be written.
    """
    for candidate in _state_candidates(environ):
        if _is_made_private(candidate):
            return candidate
    tried = ", ".join(str(path) for path in _state_candidates(environ))
    raise RunnerError(f"no state directory can be written: tried {tried}", hint="set UTR_STATE_DIR")


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return the folder for what outlives runs; it may not exist yet."""
    if environ.get("UTR_CACHE_DIR"):
        return Path(environ["UTR_CACHE_DIR"])
    if os.geteuid() == 0:
        return Path("/var/cache") / _PROGRAM
    return Path(environ.get("XDG_CACHE_HOME") or _home(environ) / ".cache") / _PROGRAM


def is_accessible(path: Path, account: Account | None) -> bool:
    """Whether `account` can read `path` and pass through all folders above it."""
    if account is None:
        return os.access(path, os.R_OK)
    resolved = path.resolve()
    return all(
        _has_bits(part, account, bits=1) for part in (resolved, *resolved.parents)
    ) and _has_bits(resolved, account, bits=4)


def roomiest(candidates: Sequence[Path], needed_bytes: int, account: Account | None) -> Path:
    """Return where a data directory goes: memory when it fits, else the first candidate.

    `candidates` are tried in order after memory; the system's temporary folder is the last.
    """
    places = [_SHM, *candidates] if sys.platform == "linux" else list(candidates)
    for place in places:
        if place.is_dir() and is_accessible(place, account) and _free(place) >= needed_bytes:
            return place
    return Path(tempfile.gettempdir())


def _state_candidates(environ: Mapping[str, str]) -> list[Path]:
    if environ.get("UTR_STATE_DIR"):
        return [Path(environ["UTR_STATE_DIR"])]
    home = Path(environ.get("XDG_STATE_HOME") or _home(environ) / ".local/state")
    return [home / _PROGRAM, Path(tempfile.gettempdir()) / f"{_PROGRAM}-{os.geteuid()}"]


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _is_made_private(path: Path) -> bool:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError:
        return False
    # Someone else's folder, or a link, at a guessable name in a shared place is a trap.
    return found.st_uid == os.geteuid() and path.is_dir() and os.access(path, os.W_OK | os.X_OK)


def _has_bits(path: Path, account: Account, *, bits: int) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & bits << 6)
    if found.st_gid == account.gid:
        return bool(found.st_mode & bits << 3)
    return bool(found.st_mode & bits)


def _free(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize
