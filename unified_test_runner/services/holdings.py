"""What a run owns and must give back, as data that fits a line of its lease file.

Each is recorded before it is made, so every field that names it is known beforehand; what is
known only afterwards (a process id) is added by recording it again under the same `id`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

from unified_test_runner.codec import from_plain, to_plain
from unified_test_runner.model import Endpoint  # noqa: TC001 - the codec reads annotations

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Prefix of every name we give; 32 random hexadecimal digits follow.
NAME_PREFIX = "utr"

#: In the environment of every process of a run, and in the marker file of every directory.
RUN_VARIABLE = "UTR_RUN_ID"
MARKER = ".utr-run"


def new_token() -> str:
    """Return 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedProcess:
    """A process in a session of its own, once `pid` is known.

    `signal` asks it to end; KILL follows a second later. `data` is PostgreSQL's data
    directory, whose `postmaster.pid` names a System V segment to be removed as well.
    """

    id: str
    pid: int | None = None
    started: str | None = None
    signal: int = 9
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedDirectory:
    """A directory that holds our marker file with the run's id."""

    id: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedDatabase:
    """A PostgreSQL database on a server that is not ours; `endpoint` may drop it."""

    id: str
    endpoint: Endpoint = field(repr=False)
    name: str
    tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedLogicalDatabase:
    """A numbered database of a Redis server that is not ours.

    It is ours while the key `utr:lock:<number>` of the endpoint's own database holds `token`.
    """

    id: str
    endpoint: Endpoint = field(repr=False)
    number: int
    token: str = field(repr=False)

    @property
    def lock(self) -> str:
        """Name of the key that claims it."""
        return f"{NAME_PREFIX}:lock:{self.number}"


Holding = Union[  # noqa: UP007 - evaluated on Python 3.10 too
    OwnedProcess, OwnedDirectory, OwnedDatabase, OwnedLogicalDatabase
]
_TYPES: Mapping[str, type[Holding]] = {
    "process": OwnedProcess,
    "directory": OwnedDirectory,
    "database": OwnedDatabase,
    "logical_database": OwnedLogicalDatabase,
}
_NAMES = {cls: name for name, cls in _TYPES.items()}


def holding_to_plain(holding: Holding) -> dict[str, Any]:
    """Return `holding` as JSON-ready values with its `type`."""
    return {"type": _NAMES[type(holding)], **to_plain(holding)}


def holding_from_plain(plain: Mapping[str, Any]) -> Holding:
    """Return what `holding_to_plain` was given.

    Raises:
        KeyError, TypeError, ValueError: it is nothing we wrote.
    """
    return from_plain(_TYPES[plain["type"]], plain)
