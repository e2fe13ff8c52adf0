"""Two transactions in each other's way end well: one waits, one starts again.

Segment: All
Business Goal: Concurrent transfers finish without anybody having to press a button again
Value Impact: No lost and no doubled credit, however requests meet
Strategic Impact: Retries in one place keep every caller's code free of them
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from suites.database_management.builders import add_credits, balances, committed_account
from suites.reference_platform.errors import DeadlockError, SerialisationError
from suites.synchronisation import Gate

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncConnection

    from suites.conftest import OpenDatabase
    from suites.reference_platform.database import Database

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]

FAIL_TO_SERIALISE = text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")


class OpposedTransfers:
    """Two transfers that lock two accounts in opposite order, and so deadlock once."""

    def __init__(self, database: Database, accounts: list[str]) -> None:
        self.attempts: Counter[str] = Counter()
        self._database = database
        self._accounts = accounts
        self._gate = Gate(2)

    async def run(self) -> list[BaseException | None]:
        here, there = self._accounts
        transfers = [self._transfer(here, there, 30), self._transfer(there, here, 10)]
        return await asyncio.gather(*transfers, return_exceptions=True)

    async def _transfer(self, source: str, target: str, amount: int) -> None:
        async def work(connection: AsyncConnection) -> None:
            self.attempts[source] += 1
            await add_credits(connection, source, -amount)
            # Open from its second use on, so whoever starts again finds it open.
            await self._gate.wait()
            await add_credits(connection, target, amount)

        await self._database.run(work)


async def test_deadlock_has_one_victim(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """Without retry, one of two opposed transfers fails whole and the other commits whole."""
    database = open_database(pool_size=2, attempts=1)
    transfers = OpposedTransfers(
        database, [await committed_account(database, tag) for _ in range(2)]
    )
    outcomes = await transfers.run()
    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, DeadlockError: 1}
    assert database.counts.deadlocks == 1
    expected = [70, 130] if outcomes[0] is None else [90, 110]
    assert await balances(witness, tag) == expected


async def test_deadlock_victim_is_retried(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """With retry, both opposed transfers commit once, in 3 attempts of which 1 was a victim."""
    database = open_database(pool_size=2)
    transfers = OpposedTransfers(
        database, [await committed_account(database, tag) for _ in range(2)]
    )
    assert await transfers.run() == [None, None]
    assert sorted(transfers.attempts.values()) == [1, 2]
    assert (database.counts.deadlocks, database.counts.rolled_back) == (1, 1)
    assert await balances(witness, tag) == [80, 120]


async def test_retries_end(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """Work that conflicts every time is tried 3 times if so configured, then refused."""
    database = open_database(pool_size=1, attempts=3)
    account = await committed_account(database, tag)
    attempts = Counter[str]()

    async def always_conflict(connection: AsyncConnection) -> None:
        attempts["made"] += 1
        await add_credits(connection, account, 1)
        await connection.execute(FAIL_TO_SERIALISE)

    with pytest.raises(SerialisationError):
        await database.run(always_conflict)
    assert attempts["made"] == database.counts.serialisation_failures == 3
    assert await balances(witness, tag) == [100]


async def test_other_errors_are_not_retried(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """Spending more than there is fails at the first attempt, and undoes what came before."""
    database = open_database(pool_size=1)
    account = await committed_account(database, tag)
    attempts = Counter[str]()

    async def overspend(connection: AsyncConnection) -> None:
        attempts["made"] += 1
        await add_credits(connection, account, -60)
        await add_credits(connection, account, -60)

    with pytest.raises(IntegrityError, match="no_debt"):
        await database.run(overspend)
    assert attempts["made"] == database.counts.rolled_back == 1
    assert await balances(witness, tag) == [100]
