"""What a kind of service must be able to do, whoever provides its server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from unified_test_runner.kinds import KindInfo
    from unified_test_runner.model import Endpoint, Isolation
    from unified_test_runner.services.binaries import BinarySource
    from unified_test_runner.services.children import Program
    from unified_test_runner.services.order import Order
    from unified_test_runner.services.places import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where an embedded server is to live.

    `folder` is private to it. `source` holds its programs, readable by `account`, the user
    it runs as (None: ours). `environ` is all of its environment.
    """

    order: Order
    folder: Path
    source: BinarySource
    account: Account | None
    environ: Mapping[str, str]
    password: str


class Recipe(Protocol):
    """How a kind's server is run as a local process."""

    def space_bytes(self, order: Order) -> int:
        """Return how much room its data may take, for choosing where it lies."""

    def version(self, source: BinarySource) -> str:
        """Return the first line of `--version`, which proves that the program runs here.

        Raises:
            OSError, subprocess.SubprocessError: it does not.
        """

    def lay_out(self, site: Site) -> None:
        """Fill the folder with what the server needs before its first start.

        Raises:
            OSError, ServiceError: it cannot.
        """

    def program(self, site: Site, port: int) -> Program:
        """Return what to start so that the server listens on `port` of 127.0.0.1."""

    def endpoint(self, site: Site, port: int) -> Endpoint:
        """Return how the administrator reaches it."""

    def bootstrap(self, site: Site, port: int) -> None:
        """Do what can only be done once it runs and nobody else knows it.

        Raises:
            NotReadyError: it does not answer yet.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """What a slot got: `name` for people, `endpoint` for its variables."""

    name: str
    endpoint: Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to talk to a live server. `is_ours`: it ends with the run, and all data with it."""

    endpoint: Endpoint
    is_ours: bool
    tls: bool = False


class Tenancy(Protocol):
    """Divides one live server among slots. Safe to use from several threads."""

    def prepare(self) -> None:
        """Run the service's `prepare` command, once, before any namespace is opened.

        Raises:
            PrepareError, NamespaceError: as they say.
            CancelledError: the run is ending.
        """

    def open(self, isolation: Isolation) -> Namespace:
        """Make what one slot gets; with `shared` it is the same for all.

        Raises:
            NamespaceError: it cannot be made.
        """

    def close(self, namespace: Namespace) -> None:
        """Remove what a slot got.

        Raises:
            NamespaceError: it cannot be removed.
        """

    def close_all(self) -> list[str]:
        """Remove everything that is not a slot's; returns texts of what went wrong."""


class Kind(Protocol):
    """A kind of service."""

    @property
    def info(self) -> KindInfo:
        """What planning knows about it."""

    @property
    def recipe(self) -> Recipe:
        """How it is run as a local process."""

    def probe(self, access: Access) -> str:
        """Speak the server's own protocol; returns its version.

        Raises:
            NotReadyError: it does not answer yet, and why.
            RefusedError: it answered, and more attempts will not change the answer.
        """

    def tenancy(self, access: Access, order: Order) -> Tenancy:
        """Return what divides this server among slots."""

    def caveat(self, access: Access) -> str:
        """Return what users should know about sharing this server, or nothing."""


class RefusedError(Exception):
    """The server answers but will not serve us; the text says why."""
