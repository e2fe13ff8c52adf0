"""Each isolation level shows one session exactly what it promises to show of another.

Segment: All
Business Goal: Credits and usage add up under concurrent requests
Value Impact: Nobody is billed twice, or served on a balance that was never real
Strategic Impact: The level is chosen per transaction, so safety is paid for where needed
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from suites.database_management.builders import (
    add_account,
    add_credits,
    ask,
    balance_of,
    balances,
    committed_account,
    number_of_accounts,
    set_balance,
    total_of,
)
from suites.reference_platform.database import IsolationLevel, TransactionTerms
from suites.reference_platform.errors import SerialisationError
from suites.synchronisation import Gate

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncConnection

    from suites.conftest import OpenDatabase
    from suites.reference_platform.database import Database

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]

READ_COMMITTED = IsolationLevel.READ_COMMITTED
REPEATABLE_READ = IsolationLevel.REPEATABLE_READ
SERIALIZABLE = IsolationLevel.SERIALIZABLE


@pytest.mark.parametrize("level", IsolationLevel)
async def test_no_level_shows_uncommitted_changes(
    level: IsolationLevel, database: Database, tag: str
) -> None:
    """While another session has changed 100 to 105 without commit, every level reads 100."""
    account = await committed_account(database, tag)
    async with database.transaction() as writer:
        await add_credits(writer, account, 5)
        async with database.transaction(TransactionTerms(isolation=level)) as reader:
            assert await balance_of(reader, account) == 100
        assert await balance_of(writer, account) == 105


@pytest.mark.parametrize(
    ("level", "second_reading"),
    [(READ_COMMITTED, 105), (REPEATABLE_READ, 100), (SERIALIZABLE, 100)],
)
async def test_repeated_reading(
    level: IsolationLevel, second_reading: int, database: Database, tag: str
) -> None:
    """Read again after another session committed 105: only READ COMMITTED sees it."""
    account = await committed_account(database, tag)
    async with database.transaction(TransactionTerms(isolation=level)) as reader:
        assert await balance_of(reader, account) == 100
        async with database.transaction() as writer:
            await add_credits(writer, account, 5)
        assert await balance_of(reader, account) == second_reading


@pytest.mark.parametrize(
    ("level", "second_count"), [(READ_COMMITTED, 2), (REPEATABLE_READ, 1), (SERIALIZABLE, 1)]
)
async def test_phantom_rows(
    level: IsolationLevel, second_count: int, database: Database, tag: str
) -> None:
    """Count again after another session committed a second row: only READ COMMITTED has 2."""
    await committed_account(database, tag)
    async with database.transaction(TransactionTerms(isolation=level)) as reader:
        assert await number_of_accounts(reader, tag) == 1
        await committed_account(database, tag)
        assert await number_of_accounts(reader, tag) == second_count


@pytest.mark.parametrize(
    ("level", "failures"), [(READ_COMMITTED, 0), (REPEATABLE_READ, 0), (SERIALIZABLE, 1)]
)
async def test_write_skew(
    level: IsolationLevel,
    failures: int,
    database: Database,
    witness: asyncpg.Connection,
    tag: str,
) -> None:
    """Two sessions each find 300 and spend 150, as if 150 stayed: SERIALIZABLE refuses one."""
    accounts = [await committed_account(database, tag) for _ in range(2)]
    async with database.transaction() as connection:
        for account in accounts:
            await add_credits(connection, account, 50)
    gate = Gate(2)

    async def spend(account: str) -> None:
        async with database.transaction(TransactionTerms(isolation=level)) as connection:
            assert await total_of(connection, tag) == 300
            await gate.wait()
            await add_credits(connection, account, -150)

    outcomes = await asyncio.gather(*map(spend, accounts), return_exceptions=True)
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert [type(error) for error in refused] == [SerialisationError] * failures
    assert database.counts.serialisation_failures == failures
    assert await balances(witness, tag) == [0] * (2 - failures) + [150] * failures


async def test_serialisation_failures_are_retried(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """4 sessions read one balance, then write what they read plus 5: retried, it ends at 120."""
    database = open_database(pool_size=4, attempts=50)
    account = await committed_account(database, tag)
    gate = Gate(4)

    async def read_then_write(connection: AsyncConnection) -> None:
        seen = await balance_of(connection, account)
        await gate.wait()
        await set_balance(connection, account, seen + 5)

    terms = TransactionTerms(isolation=REPEATABLE_READ)
    await asyncio.gather(*(database.run(read_then_write, terms) for _ in range(4)))
    assert await balances(witness, tag) == [120]
    # All four had read 100, so three of them had to try again at least once.
    assert database.counts.serialisation_failures >= 3


async def test_level_ends_with_its_transaction(open_database: OpenDatabase, tag: str) -> None:
    """On one connection, each of 4 transactions runs at the level it asked for itself."""
    database = open_database(pool_size=1)
    levels = [SERIALIZABLE, READ_COMMITTED, REPEATABLE_READ, READ_COMMITTED]
    for level in levels:
        async with database.transaction(TransactionTerms(isolation=level)) as connection:
            await add_account(connection, tag)
            assert await ask(connection, "SHOW transaction_isolation") == level.value.lower()
