"""A session with the database ends as a whole, in order, and alone.

Segment: All
Business Goal: Services are deployed and restarted while others keep working
Value Impact: No user notices that a service was replaced
Strategic Impact: Clean ends make several deployments a day possible on one database
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from suites.database_management.builders import (
    add_account,
    balances,
    connections_of,
    until_connections,
)
from suites.reference_platform.errors import DatabaseClosedError, TransactionCutError
from suites.synchronisation import eventually, within

if TYPE_CHECKING:
    import asyncpg

    from suites.conftest import OpenDatabase
    from suites.reference_platform.database import Database

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]


async def open_connections(database: Database, number: int) -> None:
    """Leave that many idle connections in the pool."""
    async with AsyncExitStack() as stack:
        for _ in range(number):
            await stack.enter_async_context(database.transaction())


async def test_end_closes_own_connections_only(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """Of two sessions with 3 and 2 connections, the first ends: 0 and 2 are left, and work."""
    ending = open_database(application_name=f"ending-{tag}")
    staying = open_database(application_name=f"staying-{tag}")
    await open_connections(ending, 3)
    await open_connections(staying, 2)
    assert await connections_of(witness, f"ending-{tag}") == 3
    await ending.close()
    await until_connections(witness, f"ending-{tag}", 0)
    assert await connections_of(witness, f"staying-{tag}") == 2
    async with staying.transaction() as connection:
        await add_account(connection, tag)
    assert await balances(witness, tag) == [100]


async def test_end_waits_for_open_transaction(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """A transaction open when its session is asked to end may finish, and is committed."""
    database = open_database(pool_size=2)
    async with database.transaction() as connection:
        await add_account(connection, tag)
        closing = asyncio.ensure_future(database.close())
        await until_closing(database)
        await add_account(connection, tag)
        assert not closing.done()
    await within(closing)
    assert await balances(witness, tag) == [100, 100]
    await until_connections(witness, f"suite-{tag}", 0)


async def test_end_cuts_what_does_not_finish(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """A transaction that outlasts the 0.2 s of grace is cut: rolled back, its connection gone."""
    database = open_database(pool_size=1, drain_s=0.2)
    stored, end = asyncio.Event(), asyncio.Event()

    async def stall() -> None:
        async with database.transaction() as connection:
            await add_account(connection, tag)
            stored.set()
            await end.wait()

    stalling = asyncio.ensure_future(stall())
    await within(stored.wait())
    await within(database.close())
    await until_connections(witness, f"suite-{tag}", 0)
    end.set()
    with pytest.raises(TransactionCutError, match="was closed"):
        await stalling
    assert await balances(witness, tag) == []


async def test_ended_session_refuses_who_comes_and_who_waits(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """After the end, a caller that waited for a connection and a new one are both refused."""
    database = open_database(pool_size=1)

    async def store() -> None:
        asked.set()
        async with database.transaction() as connection:
            await add_account(connection, tag)

    asked = asyncio.Event()
    async with database.transaction():
        waiting = asyncio.ensure_future(store())
        await within(asked.wait())
        closing = asyncio.ensure_future(database.close())
        await until_closing(database)
    await within(closing)
    for refused in (waiting, store()):
        with pytest.raises(DatabaseClosedError, match="is closed"):
            await refused
    await until_connections(witness, f"suite-{tag}", 0)
    assert await balances(witness, tag) == []


async def until_closing(database: Database) -> None:
    async def is_closing() -> bool:
        return database.is_closed

    await eventually(is_closing, "the session has begun to end")
