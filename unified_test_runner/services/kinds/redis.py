"""Redis: how it is started, probed and, on a server that is not ours, divided."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from unified_test_runner.kinds import KINDS
from unified_test_runner.model import Endpoint
from unified_test_runner.services.binaries import program_version
from unified_test_runner.services.children import Program
from unified_test_runner.services.kinds.base import Access, RefusedError
from unified_test_runner.services.kinds.logical import LogicalTenancy
from unified_test_runner.services.kinds.resp import RedisConnection, RedisError
from unified_test_runner.services.waiting import NotReadyError

if TYPE_CHECKING:
    from unified_test_runner.services.binaries import BinarySource
    from unified_test_runner.services.kinds.base import Site, Tenancy
    from unified_test_runner.services.order import Order

#: Short, as an answer takes microseconds, and whoever else has our port may never give one.
_PROBE_S = 0.5
_SPACE_BYTES = 16 << 20


class RedisRecipe:
    """Redis or Valkey as a local process that keeps everything in memory."""

    def space_bytes(self, order: Order) -> int:  # noqa: ARG002 - others need it
        """Return room for next to nothing: no data is written."""
        return _SPACE_BYTES

    def version(self, source: BinarySource) -> str:
        """Return what `redis-server --version` says.

        Raises:
            OSError, subprocess.SubprocessError: the program does not run here.
        """
        return program_version(source.server)

    def lay_out(self, site: Site) -> None:
        """Do nothing: it starts empty."""

    def program(self, site: Site, port: int) -> Program:
        """Return the server on `port`; its configuration, with the password, goes to stdin."""
        settings = {
            "bind": "127.0.0.1",
            "port": port,
            "requirepass": site.password,
            "dir": f'"{site.folder}"',
            "save": '""',
            "appendonly": "no",
            "daemonize": "no",
            "loglevel": "notice",
        }
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        return Program(
            arguments=(str(site.source.server), "-"),
            environ=site.environ,
            directory=site.folder,
            log=site.order.log,
            # There is nothing to save, and TERM is only looked at ten times a second.
            stop_signal=signal.SIGKILL,
            stdin=text.encode(),
            account=site.account,
        )

    def endpoint(self, site: Site, port: int) -> Endpoint:
        """Return the way in."""
        return Endpoint(host="127.0.0.1", port=port, password=site.password, database="0")

    def bootstrap(self, site: Site, port: int) -> None:
        """Do nothing: the configuration said it all."""


class Redis:
    """The kind `redis`."""

    info = KINDS["redis"]
    recipe = RedisRecipe()

    def probe(self, access: Access) -> str:
        """Ping over TCP; returns the server's version.

        Raises:
            NotReadyError: nobody listens, or it is loading.
            RefusedError: wrong credentials.
        """
        try:
            with RedisConnection(access.endpoint, timeout_s=_PROBE_S) as connection:
                connection.run("PING")
                found = connection.info("server")
                return found.get("valkey_version") or found.get("redis_version", "")
        except OSError as error:
            where = access.endpoint.address
            raise NotReadyError(f"nobody answers at {where}: {error.strerror or error}") from error
        except RedisError as error:
            if error.code in {"LOADING", "BUSY", "MASTERDOWN"}:
                raise NotReadyError(str(error)) from error
            raise RefusedError(str(error)) from error

    def tenancy(self, access: Access, order: Order) -> Tenancy:
        """Return what gives out this server as a whole, or numbered databases of it."""
        return LogicalTenancy(access, order)

    def caveat(self, access: Access) -> str:
        """Return a warning where slots share a server, as they then share its channels."""
        return "" if access.is_ours else "publish/subscribe crosses the databases of slots"
