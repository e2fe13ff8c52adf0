"""A pool of few connections serves many callers, and says so when it cannot.

Segment: All
Business Goal: Load beyond the pool slows callers down instead of breaking them
Value Impact: A user waits a moment in rush hour, or is told at once what is wrong
Strategic Impact: A bounded number of connections keeps one database shared by all services
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from suites.database_management.builders import (
    add_account,
    ask,
    backend_of,
    balances,
    connections_of,
    until_connections,
)
from suites.reference_platform.errors import PoolExhaustedError
from suites.synchronisation import within

if TYPE_CHECKING:
    import asyncpg

    from suites.conftest import OpenDatabase

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]


async def test_exhausted_pool_says_so(open_database: OpenDatabase) -> None:
    """With both connections busy, a third caller waits 0.2 s and gets an error that says why."""
    database = open_database(pool_size=2, acquire_timeout_s=0.2, application_name="small")
    clock = asyncio.get_running_loop().time
    async with database.transaction(), database.transaction():
        began = clock()
        with pytest.raises(PoolExhaustedError, match=r"within 0\.2 s: all 2 of pool 'small'"):
            await database.transaction().__aenter__()
        waited_s = clock() - began
    # Timers may fire a clock tick early.
    assert 0.19 <= waited_s < 5


async def test_waiting_caller_gets_the_freed_connection(open_database: OpenDatabase) -> None:
    """A caller that finds the only connection busy waits for it, and gets that same one."""
    database = open_database(pool_size=1)
    asked = asyncio.Event()

    async def wait_for_connection() -> int:
        asked.set()
        async with database.transaction() as connection:
            return await backend_of(connection)

    async with database.transaction() as connection:
        first = await backend_of(connection)
        waiting = asyncio.ensure_future(wait_for_connection())
        await within(asked.wait())
    assert await waiting == first


async def test_pool_recovers_from_exhaustion(open_database: OpenDatabase) -> None:
    """After 20 refused callers, all 3 connections are there for use at the same time."""
    database = open_database(pool_size=3, acquire_timeout_s=0.1)

    async def refused() -> None:
        with pytest.raises(PoolExhaustedError):
            await database.transaction().__aenter__()

    async def hold_all(stack: AsyncExitStack) -> set[int]:
        held = [await stack.enter_async_context(database.transaction()) for _ in range(3)]
        return {await backend_of(connection) for connection in held}

    async with AsyncExitStack() as stack:
        before = await hold_all(stack)
        await asyncio.gather(*(refused() for _ in range(20)))
    async with AsyncExitStack() as stack:
        assert await hold_all(stack) == before


async def test_pool_never_outgrows_its_size(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """40 transactions at once on a pool of 4 all commit, and use 4 connections."""
    database = open_database(pool_size=4)

    async def work() -> int:
        async with database.transaction() as connection:
            await add_account(connection, tag)
            return await backend_of(connection)

    backends = set(await asyncio.gather(*(work() for _ in range(40))))
    assert len(backends) == await connections_of(witness, f"suite-{tag}") == 4
    assert len(await balances(witness, tag)) == database.counts.committed == 40


async def test_connection_killed_by_the_server_is_replaced(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """When the server ends an idle connection, the next caller gets a new one and no error."""
    database = open_database(pool_size=1)
    async with database.transaction() as connection:
        killed = await backend_of(connection)
    await witness.execute("SELECT pg_terminate_backend($1)", killed)
    await until_connections(witness, f"suite-{tag}", 0)
    async with database.transaction() as connection:
        assert await backend_of(connection) != killed


async def test_error_in_the_block_rolls_back(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """An error of the caller's own passes through, and both rows stored before it are gone."""
    database = open_database(pool_size=1)

    async def store_then_fail() -> None:
        async with database.transaction() as connection:
            await add_account(connection, tag)
            await add_account(connection, tag)
            raise LookupError("of the caller")

    with pytest.raises(LookupError, match="of the caller"):
        await store_then_fail()
    assert await balances(witness, tag) == []
    assert (database.counts.committed, database.counts.rolled_back) == (0, 1)


async def test_cancelled_caller_gives_its_connection_back(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """A task cancelled in the middle of its transaction leaves no row and no busy connection."""
    database = open_database(pool_size=1, acquire_timeout_s=2)
    stored = asyncio.Event()

    async def store_then_stall() -> None:
        async with database.transaction() as connection:
            await add_account(connection, tag)
            stored.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(store_then_stall())
    await within(stored.wait())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as connection:
        assert await ask(connection, "SELECT 7") == 7
    assert await balances(witness, tag) == []
