"""PostgreSQL: how it is laid out, started, probed and divided into databases."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from unified_test_runner.errors import StartError
from unified_test_runner.kinds import KINDS
from unified_test_runner.model import Endpoint
from unified_test_runner.services.binaries import program_version
from unified_test_runner.services.cache import LABEL, Cache
from unified_test_runner.services.children import Child, Program, tail
from unified_test_runner.services.directories import PrivateDirectory, copy_tree
from unified_test_runner.services.kinds.base import Access, RefusedError
from unified_test_runner.services.kinds.databases import PostgresTenancy
from unified_test_runner.services.kinds.pgwire import (
    PgConnection,
    PgError,
    literal,
    scram_verifier,
)
from unified_test_runner.services.waiting import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from unified_test_runner.services.binaries import BinarySource
    from unified_test_runner.services.kinds.base import Site, Tenancy
    from unified_test_runner.services.order import Order

_USER = "postgres"
_MIB = 1 << 20
_PROBE_S = 2.0
_CONNECTIONS_PER_SLOT = 25
_LEAST_CONNECTIONS = 100

#: Fit for data that is thrown away: no flushing, no replication, few surprises.
_TUNING = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "checkpoint_timeout": "30min",
    "shared_buffers": "128MB",
    # Segments in the data directory rather than in /dev/shm, so that they go with it.
    "dynamic_shared_memory_type": "mmap",
    "huge_pages": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
}

# Nobody but us reaches the socket: it lies in a folder of mode 0700.
_ACCESS_RULES = """\
local all all trust
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""

#: Refusals that pass: starting up, shutting down, too many connections.
_PASSING = frozenset({"57P03", "57P01", "53300"})


class PostgresRecipe:
    """PostgreSQL as a local process, on a copy of a data directory initialised once."""

    def space_bytes(self, order: Order) -> int:
        """Return room for the data directory, the log of changes and the slots' databases."""
        return (512 + 64 * order.settings.slots) * _MIB

    def version(self, source: BinarySource) -> str:
        """Return what `postgres --version` says.

        Raises:
            OSError, subprocess.SubprocessError: the program does not run here.
        """
        return program_version(source.server)

    def lay_out(self, site: Site) -> None:
        """Copy the initialised data directory, making it first if this is the first time.

        Raises:
            OSError: no room, no permission.
            StartError: initdb failed.
        """
        data = site.folder / "data"
        try:
            template = _initialised(site)
        except OSError:  # a cache that cannot be written costs time, not the run
            _initialise(site, data)
        else:
            copy_tree(template, data, site.account)
            data.chmod(0o700)  # it refuses any other, whatever became of the cache
            (data / LABEL).unlink()

    def program(self, site: Site, port: int) -> Program:
        """Return the server on `port`, with a socket of its own in the private folder."""
        slots = 1 if site.order.slot is not None else site.order.settings.slots
        settings = {
            **_TUNING,
            "port": port,
            "unix_socket_directories": site.folder,
            "max_connections": max(_LEAST_CONNECTIONS, slots * _CONNECTIONS_PER_SLOT),
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        data = str(site.folder / "data")
        return Program(
            arguments=(str(site.source.server), "-D", data, *options),
            environ=site.environ,
            directory=site.folder,
            log=site.order.log,
            stop_signal=signal.SIGQUIT,
            account=site.account,
            data=data,
        )

    def endpoint(self, site: Site, port: int) -> Endpoint:
        """Return the superuser's way in."""
        return Endpoint(
            host="127.0.0.1", port=port, user=_USER, password=site.password, database="postgres"
        )

    def bootstrap(self, site: Site, port: int) -> None:
        """Set the superuser's password through the socket.

        Raises:
            NotReadyError: it does not listen yet.
        """
        path = str(site.folder / f".s.PGSQL.{port}")
        # As a verifier, so that the password itself never reaches the server's log.
        statement = f"ALTER ROLE {_USER} PASSWORD {literal(scram_verifier(site.password))}"
        endpoint = Endpoint(host="", port=port, user=_USER)
        try:
            with PgConnection(endpoint, timeout_s=_PROBE_S, unix_socket=path) as connection:
                connection.run(statement)
        except (OSError, PgError) as error:
            raise NotReadyError(f"its socket does not answer: {error}") from error


class Postgres:
    """The kind `postgres`."""

    info = KINDS["postgres"]
    recipe = PostgresRecipe()

    def probe(self, access: Access) -> str:
        """Run a query over TCP; returns the server's version.

        Raises:
            NotReadyError: nobody listens, or it is starting up.
            RefusedError: wrong credentials, no such database.
        """
        try:
            with PgConnection(access.endpoint, timeout_s=_PROBE_S, tls=access.tls) as connection:
                connection.run("SELECT 1")
                return connection.version
        except OSError as error:
            where = access.endpoint.address
            raise NotReadyError(f"nobody answers at {where}: {error.strerror or error}") from error
        except PgError as error:
            if error.code in _PASSING:
                raise NotReadyError(str(error)) from error
            raise RefusedError(str(error)) from error

    def tenancy(self, access: Access, order: Order) -> Tenancy:
        """Return databases on this server, cloned from a prepared one."""
        return PostgresTenancy(access, order)

    def caveat(self, access: Access) -> str:  # noqa: ARG002 - others need it
        """Return nothing: databases share roles, but few tests make any."""
        return ""


def _initialised(site: Site) -> Path:
    made_from = {
        "server": PostgresRecipe().version(site.source),
        "arguments": [list(arguments) for arguments in _initdb_arguments()],
        "access": _ACCESS_RULES,
        "platform": f"{sys.platform}-{os.uname().machine}",
    }

    def build(place: Path) -> None:
        # Not in the cache itself: the account the server runs as may not get there.
        made = PrivateDirectory.make(site.order.lease, site.folder.parent, site.account)
        try:
            _initialise(site, made.path / "data")
            copy_tree(made.path / "data", place, None)
        finally:
            made.remove()

    return Cache(site.order.settings.environ).entry("initdb", made_from, build)


def _initialise(site: Site, data: Path) -> None:
    log = site.order.log
    start = log.stat().st_size if log.exists() else 0
    for arguments in _initdb_arguments():
        program = Program(
            arguments=(str(site.source.folder / "initdb"), "-D", str(data), *arguments),
            environ=site.environ,
            directory=data.parent,
            log=log,
            account=site.account,
        )
        child = Child(program, site.order.lease)
        child.wait()
        child.finish()
        if child.exit_status == 0:
            (data / "pg_hba.conf").write_text(_ACCESS_RULES, encoding="utf-8")
            return
    raise StartError(
        site.order.spec.name,
        f"initdb of {site.source.origin} {child.ending}",
        log_tail=tail(log, start),
    )


def _initdb_arguments() -> Sequence[Sequence[str]]:
    common = (
        "--username", _USER, "--encoding=UTF8", "--auth-local=trust", "--auth-host=scram-sha-256",
        "--no-sync", "--wal-segsize=1",
    )  # fmt: skip
    # The second where the C library has no UTF-8 variant of C.
    return ((*common, "--locale=C.UTF-8"), (*common, "--locale=C"))
