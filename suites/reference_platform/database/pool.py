"""A bounded pool of connections to PostgreSQL, and the transactions run on it.

One `Database` is one session of a service with the server: it ends its own connections
and no others. Every connection is acquired in `_acquire`; a second address to fall back
on, or a replica for reading, would be chosen there.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from suites.reference_platform.database.cutoff import Cutoff
from suites.reference_platform.database.faults import server_words, translated_faults
from suites.reference_platform.database.terms import CompleteTerms, DatabaseSpec, TransactionTerms
from suites.reference_platform.errors import (
    DatabaseClosedError,
    DatabaseUnreachableError,
    DeadlockError,
    PoolExhaustedError,
    SerialisationError,
    TransactionConflictError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

Result = TypeVar("Result")

ORDINARY = TransactionTerms()
SET_STATEMENT_TIMEOUT = text("SELECT set_config('statement_timeout', :value, true)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionCounts:
    """What became of the transactions of one pool; conflicts are rolled back too."""

    committed: int = 0
    rolled_back: int = 0
    deadlocks: int = 0
    serialisation_failures: int = 0


class Database:
    """The pool as it exists, until `close`."""

    def __init__(self, spec: DatabaseSpec) -> None:
        self.spec = spec
        self._engine = create_async_engine(
            spec.url,
            pool_size=spec.pool_size,
            max_overflow=0,
            pool_timeout=spec.acquire_timeout_s,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "timeout": spec.connect_timeout_s,
                "server_settings": spec.server_settings(),
            },
        )
        self._counts = TransactionCounts()
        self._is_closed = False
        self._open: set[Cutoff] = set()
        self._all_returned = asyncio.Event()
        self._all_returned.set()

    @property
    def counts(self) -> TransactionCounts:
        return self._counts

    @property
    def is_closed(self) -> bool:
        """Whether new transactions are refused; open ones may still be finishing."""
        return self._is_closed

    @asynccontextmanager
    async def transaction(
        self, terms: TransactionTerms = ORDINARY
    ) -> AsyncIterator[AsyncConnection]:
        """Commit at the end of the block, or roll back if it raises or is cancelled."""
        complete = self.spec.completed(terms)
        connection = await self._acquire()
        try:
            async with self._bounded(connection, complete), self._counted(), connection.begin():
                if complete.statement_timeout_s != self.spec.statement_timeout_s:
                    await connection.execute(SET_STATEMENT_TIMEOUT, complete.statement_timeout())
                yield connection
        finally:
            await connection.close()

    async def run(
        self,
        work: Callable[[AsyncConnection], Awaitable[Result]],
        terms: TransactionTerms = ORDINARY,
    ) -> Result:
        """Run `work` in a transaction, and again from its start after a conflict.

        `work` may run several times, so it must not have effects outside the transaction.
        """

        async def attempt() -> Result:
            async with self.transaction(terms) as connection:
                return await work(connection)

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransactionConflictError),
            stop=stop_after_attempt(self.spec.attempts),
            # Chance parts transactions that would otherwise collide in step for ever.
            wait=wait_random(0, 0.02),
            reraise=True,
        )
        return await retrying(attempt)

    async def close(self) -> None:
        """Let open transactions finish for a while, cut the rest, end own connections."""
        self._is_closed = True
        try:
            await asyncio.wait_for(self._all_returned.wait(), self.spec.drain_s)
        except asyncio.TimeoutError:
            for cutoff in tuple(self._open):
                cutoff.cut(f"pool {self.spec.application_name!r} was closed")
        await self._engine.dispose()

    async def _acquire(self) -> AsyncConnection:
        if self._is_closed:
            raise self._closed_error()
        try:
            with translated_faults():
                connection = await self._engine.connect()
        except PoolTimeoutError:
            raise PoolExhaustedError(
                f"no connection came free within {self.spec.acquire_timeout_s:g} s: all "
                f"{self.spec.pool_size} of pool {self.spec.application_name!r} are in use"
            ) from None
        except (OSError, asyncio.TimeoutError, asyncpg.PostgresError, DBAPIError) as error:
            address = self.spec.url.render_as_string(hide_password=True)
            raise DatabaseUnreachableError(
                f"cannot reach {address}: {server_words(error)}"
            ) from error
        if self._is_closed:
            # The pool this came from is gone, or about to go; nobody else would end it.
            await connection.invalidate()
            await connection.close()
            raise self._closed_error()
        return connection

    def _closed_error(self) -> DatabaseClosedError:
        return DatabaseClosedError(f"pool {self.spec.application_name!r} is closed")

    @asynccontextmanager
    async def _bounded(
        self, connection: AsyncConnection, terms: CompleteTerms
    ) -> AsyncIterator[None]:
        """Keep the block inside its time limit, and within reach of `close`."""
        await connection.execution_options(isolation_level=terms.isolation.value)
        cutoff = await Cutoff.arm(connection, terms.limit_s)
        self._open.add(cutoff)
        self._all_returned.clear()
        try:
            with cutoff.explained(), translated_faults():
                yield
        finally:
            cutoff.disarm()
            self._open.discard(cutoff)
            if not self._open:
                self._all_returned.set()

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        try:
            with translated_faults():
                yield
        except BaseException as error:
            self._count("rolled_back")
            if isinstance(error, DeadlockError):
                self._count("deadlocks")
            if isinstance(error, SerialisationError):
                self._count("serialisation_failures")
            raise
        self._count("committed")

    def _count(self, name: str) -> None:
        self._counts = replace(self._counts, **{name: getattr(self._counts, name) + 1})
