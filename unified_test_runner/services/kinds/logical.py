"""Divides a Redis server into its numbered databases, which must be empty to be claimed."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

from unified_test_runner.errors import NamespaceError, PrepareError
from unified_test_runner.model import Isolation
from unified_test_runner.services.collecting import collecting
from unified_test_runner.services.holdings import OwnedLogicalDatabase, new_token
from unified_test_runner.services.kinds.base import Access, Namespace
from unified_test_runner.services.kinds.resp import RedisConnection, RedisError
from unified_test_runner.services.prepare import run_prepare
from unified_test_runner.services.removal import RemovalError, remove_logical_database
from unified_test_runner.services.variables import render

if TYPE_CHECKING:
    from unified_test_runner.services.order import Order

_TIMEOUT_S = 10.0
_USUAL_COUNT = 16


class LogicalTenancy:
    """Numbered databases of one server.

    A claim is the key `utr:lock:<number>` in the address's own database, which is never given
    to a slot: a lock inside the claimed database would be seen by the tests, and lost to the
    first FLUSHDB among them.
    """

    def __init__(self, access: Access, order: Order) -> None:
        self._access = access
        self._order = order
        self._lock = threading.Lock()
        self._held: dict[str, OwnedLogicalDatabase] = {}
        self._shared: Namespace | None = None

    def prepare(self) -> None:
        """Run `prepare` on a server of ours, which slots get as a whole.

        Raises:
            PrepareError: the command failed, or the server is not ours: its numbered
                databases cannot be cloned.
            CancelledError: the run is ending.
        """
        spec, endpoint = self._order.spec, self._access.endpoint
        if spec.prepare is None:
            return
        if not self._access.is_ours:
            raise PrepareError(
                spec.name,
                "'prepare' cannot fill the numbered databases of an external server",
                hint="fill them in a fixture, or use --services embedded",
            )
        templates = spec.provides or self._order.info.provides
        run_prepare(self._order, spec.prepare, render(spec.name, templates, endpoint))

    def open(self, isolation: Isolation) -> Namespace:
        """Claim an empty database; of a server of ours, the whole unless one was asked for.

        Raises:
            NamespaceError: none is left, or the server refused.
        """
        endpoint = self._access.endpoint
        if self._access.is_ours and isolation is not Isolation.DATABASE:
            return Namespace(name=endpoint.address, endpoint=endpoint)
        with self._lock:
            if isolation is Isolation.SHARED and self._shared is not None:
                return self._shared
            try:
                namespace = self._claim_any()
            except (OSError, RedisError) as error:
                raise NamespaceError(
                    self._order.spec.name, f"cannot claim a database: {error}"
                ) from error
            if isolation is Isolation.SHARED:
                self._shared = namespace
            return namespace

    def close(self, namespace: Namespace) -> None:
        """Empty a slot's database and give it back; the shared one stays.

        Raises:
            NamespaceError: the server refused.
        """
        if namespace is self._shared:
            return
        with self._lock:
            held = self._held.get(namespace.name)
            if held is None:
                return
            try:
                remove_logical_database(held)
            except RemovalError as error:
                raise NamespaceError(self._order.spec.name, str(error)) from error
            del self._held[namespace.name]
            self._forget(held)

    def close_all(self) -> list[str]:
        """Give back what is left; returns texts of what went wrong."""
        self._shared = None
        errors: list[str] = []
        for name in list(self._held):
            with collecting(errors):
                self.close(Namespace(name=name, endpoint=self._access.endpoint))
        return errors

    def _claim_any(self) -> Namespace:
        endpoint = self._access.endpoint
        own = int(endpoint.database or 0)
        with RedisConnection(endpoint, timeout_s=_TIMEOUT_S) as connection:
            count = _database_count(connection)
            for number in range(1, count):
                if number != own and self._claim(connection, own, number):
                    return Namespace(
                        name=str(number),
                        endpoint=dataclasses.replace(endpoint, database=str(number)),
                    )
        raise NamespaceError(
            self._order.spec.name,
            f"no empty database is left among 1 to {count - 1} of {endpoint.address}",
            hint="raise 'databases' in its configuration, or let --services embedded start servers",
        )

    def _claim(self, connection: RedisConnection, own: int, number: int) -> bool:
        held = OwnedLogicalDatabase(
            id=new_token(), endpoint=self._access.endpoint, number=number, token=new_token()
        )
        connection.run("SELECT", number)
        if connection.run("DBSIZE") != 0:
            return False
        self._record(held)
        connection.run("SELECT", own)
        if connection.run("SET", held.lock, held.token, "NX") is None:
            self._forget(held)
            return False
        connection.run("SELECT", number)
        if connection.run("DBSIZE") != 0:  # filled between the first look and the claim
            connection.run("SELECT", own)
            connection.run("DEL", held.lock)
            self._forget(held)
            return False
        self._held[str(number)] = held
        return True

    def _record(self, held: OwnedLogicalDatabase) -> None:
        if not self._access.is_ours:  # a server of ours takes its databases along
            self._order.lease.record(held)

    def _forget(self, held: OwnedLogicalDatabase) -> None:
        if not self._access.is_ours:
            self._order.lease.forget(held)


def _database_count(connection: RedisConnection) -> int:
    try:
        reply = connection.run("CONFIG", "GET", "databases")
    except RedisError:  # not everybody may ask
        return _USUAL_COUNT
    return int(str(reply[1])) if isinstance(reply, list) and len(reply) > 1 else _USUAL_COUNT
