"""Divides a PostgreSQL server into databases, each a clone of one that was prepared once."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, TypeVar

from unified_test_runner.errors import NamespaceError
from unified_test_runner.model import Isolation
from unified_test_runner.services.collecting import collecting
from unified_test_runner.services.holdings import NAME_PREFIX, OwnedDatabase, new_token
from unified_test_runner.services.kinds.base import Access, Namespace
from unified_test_runner.services.kinds.pgwire import (
    PgConnection,
    PgError,
    drop_database,
    quoted,
)
from unified_test_runner.services.prepare import run_prepare
from unified_test_runner.services.variables import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from unified_test_runner.model import Endpoint
    from unified_test_runner.services.order import Order

T = TypeVar("T")

_TIMEOUT_S = 30.0
_STRATEGIES_SINCE = 15


class PostgresTenancy:
    """Databases on one server.

    With isolation `shared` all slots get the same one; otherwise each gets its own.
    """

    def __init__(self, access: Access, order: Order) -> None:
        self._access = access
        self._order = order
        self._template: str | None = None
        self._shared: Namespace | None = None
        self._sharing = threading.Lock()
        self._holdings: dict[str, OwnedDatabase] = {}

    def prepare(self) -> None:
        """Make the template database and run `prepare` on it; nothing without a `prepare`.

        Raises:
            PrepareError: the command failed.
            NamespaceError: the server refused.
            CancelledError: the run is ending.
        """
        spec = self._order.spec
        if spec.prepare is None:
            return
        name = f"{NAME_PREFIX}_{new_token()}_template"
        self._create(name, template=None)
        templates = spec.provides or self._order.info.provides
        run_prepare(self._order, spec.prepare, render(spec.name, templates, self._endpoint(name)))
        # A session on a template makes every clone of it fail.
        self._administer(
            "lock the template",
            lambda connection: connection.run(
                f"ALTER DATABASE {quoted(name)} WITH ALLOW_CONNECTIONS false"
            ),
        )
        self._template = name

    def open(self, isolation: Isolation) -> Namespace:
        """Create a database for a slot.

        Raises:
            NamespaceError: the server refused.
        """
        if isolation is not Isolation.SHARED:
            return self._clone()
        with self._sharing:
            if self._shared is None:
                self._shared = self._clone()
            return self._shared

    def close(self, namespace: Namespace) -> None:
        """Drop a slot's database; the shared one stays.

        Raises:
            NamespaceError: the server refused.
        """
        if namespace is not self._shared:
            self._drop(namespace.name)

    def close_all(self) -> list[str]:
        """Drop what is left on a server that is not ours; ours goes with its data."""
        errors: list[str] = []
        for name in list(self._holdings):
            with collecting(errors):
                self._drop(name)
        return errors

    def _clone(self) -> Namespace:
        name = f"{NAME_PREFIX}_{new_token()}"
        self._create(name, template=self._template)
        return Namespace(name=name, endpoint=self._endpoint(name))

    def _create(self, name: str, *, template: str | None) -> None:
        self._intend(name)
        source = f" TEMPLATE {quoted(template)}" if template else ""

        def create(connection: PgConnection) -> None:
            strategy = ""
            if self._access.is_ours and connection.major >= _STRATEGIES_SINCE:
                strategy = " STRATEGY file_copy"  # checkpoints are cheap when nothing is flushed
            connection.run(f"CREATE DATABASE {quoted(name)}{source}{strategy}")

        self._administer("create a database", create)

    def _drop(self, name: str) -> None:
        self._administer("drop a database", lambda connection: drop_database(connection, name))
        holding = self._holdings.pop(name, None)
        if holding is not None:
            self._order.lease.forget(holding)

    def _intend(self, name: str) -> None:
        if self._access.is_ours:
            return
        holding = OwnedDatabase(
            id=new_token(), endpoint=self._access.endpoint, name=name, tls=self._access.tls
        )
        self._order.lease.record(holding)
        self._holdings[name] = holding

    def _administer(self, what: str, action: Callable[[PgConnection], T]) -> T:
        access = self._access
        try:
            with PgConnection(access.endpoint, timeout_s=_TIMEOUT_S, tls=access.tls) as connection:
                return action(connection)
        except (OSError, PgError) as error:
            hint = ""
            if isinstance(error, PgError) and error.code == "42501":
                hint = f"user '{access.endpoint.user}' must be allowed to create databases"
            raise NamespaceError(
                self._order.spec.name, f"cannot {what}: {error}", hint=hint
            ) from error

    def _endpoint(self, name: str) -> Endpoint:
        return dataclasses.replace(self._access.endpoint, database=name)
