"""What takes too long is ended, leaves nothing behind, and frees what it held.

Segment: All
Business Goal: One slow request never holds up the others
Value Impact: Users wait for their own work only
Strategic Impact: A stuck transaction is the most common way a shared database stops
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from suites.database_management.builders import (
    add_account,
    add_credits,
    ask,
    backend_of,
    balances,
    committed_account,
)
from suites.reference_platform.database import TransactionTerms
from suites.reference_platform.errors import StatementTimeoutError, TransactionCutError
from suites.synchronisation import within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncConnection

    from suites.conftest import OpenDatabase

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]


@pytest.mark.parametrize("given_by", ["pool", "transaction"])
async def test_statement_timeout_rolls_back(
    given_by: str, open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """A 30 s statement is ended after 0.1 s, with all the transaction did before it."""
    is_of_pool = given_by == "pool"
    database = open_database(pool_size=1, statement_timeout_s=0.1 if is_of_pool else 10)
    terms = TransactionTerms(statement_timeout_s=None if is_of_pool else 0.1)

    async def store_then_dawdle() -> None:
        async with database.transaction(terms) as connection:
            await add_account(connection, tag)
            await ask(connection, "SELECT 1 FROM pg_sleep(30)")

    with pytest.raises(StatementTimeoutError):
        await asyncio.wait_for(store_then_dawdle(), 10)
    assert await balances(witness, tag) == []
    assert database.counts.rolled_back == 1


async def test_statement_timeout_ends_with_its_transaction(open_database: OpenDatabase) -> None:
    """On one connection, 0.1 s holds for the transaction that asked, the pool's 7 s after it."""
    database = open_database(pool_size=1, statement_timeout_s=7)
    async with database.transaction(TransactionTerms(statement_timeout_s=0.1)) as connection:
        assert await ask(connection, "SHOW statement_timeout") == "100ms"
    async with database.transaction() as connection:
        assert await ask(connection, "SHOW statement_timeout") == "7s"


async def stall(_connection: AsyncConnection, end: asyncio.Event) -> None:
    await end.wait()


async def stay_busy(connection: AsyncConnection, end: asyncio.Event) -> None:
    while not end.is_set():
        await ask(connection, "SELECT 1 FROM pg_sleep(0.02)")


@pytest.mark.parametrize("dawdle", [stall, stay_busy])
async def test_long_transaction_is_cut(
    dawdle: Callable[[AsyncConnection, asyncio.Event], Awaitable[None]],
    open_database: OpenDatabase,
    witness: asyncpg.Connection,
    tag: str,
) -> None:
    """A transaction over its 0.3 s, idle or busy, loses its work, and its lock to who waits."""
    database = open_database(pool_size=2)
    account = await committed_account(database, tag)
    has_lock, end = asyncio.Event(), asyncio.Event()

    async def hold_lock() -> None:
        async with database.transaction(TransactionTerms(limit_s=0.3)) as connection:
            await add_credits(connection, account, 50)
            has_lock.set()
            await dawdle(connection, end)

    holder = asyncio.ensure_future(hold_lock())
    await within(has_lock.wait())
    async with database.transaction() as connection:
        await add_credits(connection, account, 7)
    end.set()
    with pytest.raises(TransactionCutError, match=r"longer than 0\.3 s"):
        await holder
    assert await balances(witness, tag) == [107]


async def test_long_statement_ends_on_the_server_too(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """Cut at 0.2 s amid a 30 s statement, a transaction frees its lock on the server as well."""
    database = open_database(pool_size=2, statement_timeout_s=60)
    account = await committed_account(database, tag)
    has_lock = asyncio.Event()

    async def hold_lock() -> None:
        async with database.transaction(TransactionTerms(limit_s=0.2)) as connection:
            await add_credits(connection, account, 50)
            has_lock.set()
            await ask(connection, "SELECT 1 FROM pg_sleep(30)")

    holder = asyncio.ensure_future(hold_lock())
    await within(has_lock.wait())
    async with database.transaction(TransactionTerms(statement_timeout_s=5)) as connection:
        await add_credits(connection, account, 7)
    with pytest.raises((TransactionCutError, StatementTimeoutError)):
        await holder
    assert await balances(witness, tag) == [107]


async def test_ordinary_transactions_are_left_alone(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """A limit ends with its transaction: the same connection works on after it is past."""
    database = open_database(pool_size=1)
    async with database.transaction(TransactionTerms(limit_s=0.2)) as connection:
        first = await backend_of(connection)
        await add_account(connection, tag)
    async with database.transaction() as connection:
        await ask(connection, "SELECT 1 FROM pg_sleep(0.3)")
        assert await backend_of(connection) == first
        await add_account(connection, tag)
    assert await balances(witness, tag) == [100, 100]
