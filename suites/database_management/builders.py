"""Credit accounts to work on, and ways to bring a server into a known state."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text, update

from suites.reference_platform.database.tables import credit_accounts
from suites.synchronisation import eventually

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncConnection

    from suites.reference_platform.database import Database

OPENING_BALANCE = 100


async def add_account(connection: AsyncConnection, owner_id: str) -> str:
    account_id = f"{owner_id}-{uuid.uuid4().hex}"
    row = {"account_id": account_id, "owner_id": owner_id, "balance": OPENING_BALANCE}
    await connection.execute(credit_accounts.insert().values(row))
    return account_id


async def committed_account(database: Database, owner_id: str) -> str:
    """An account with 100 credits that every session can see."""
    async with database.transaction() as connection:
        return await add_account(connection, owner_id)


async def balance_of(connection: AsyncConnection, account_id: str) -> int:
    query = select(credit_accounts.c.balance).where(credit_accounts.c.account_id == account_id)
    return int((await connection.execute(query)).scalar_one())


async def set_balance(connection: AsyncConnection, account_id: str, balance: int) -> None:
    own = credit_accounts.c.account_id == account_id
    await connection.execute(update(credit_accounts).where(own).values(balance=balance))


async def add_credits(connection: AsyncConnection, account_id: str, amount: int) -> None:
    own = credit_accounts.c.account_id == account_id
    added = credit_accounts.c.balance + amount
    await connection.execute(update(credit_accounts).where(own).values(balance=added))


async def total_of(connection: AsyncConnection, owner_id: str) -> int:
    own = credit_accounts.c.owner_id == owner_id
    query = select(func.coalesce(func.sum(credit_accounts.c.balance), 0)).where(own)
    return int((await connection.execute(query)).scalar_one())


async def number_of_accounts(connection: AsyncConnection, owner_id: str) -> int:
    own = credit_accounts.c.owner_id == owner_id
    query = select(func.count()).select_from(credit_accounts).where(own)
    return (await connection.execute(query)).scalar_one()


async def ask(connection: AsyncConnection, statement: str) -> object:
    return (await connection.execute(text(statement))).scalar_one()


async def backend_of(connection: AsyncConnection) -> int:
    """The server process behind a connection."""
    return int(str(await ask(connection, "SELECT pg_backend_pid()")))


async def balances(witness: asyncpg.Connection, owner_id: str) -> list[int]:
    """All committed balances of an owner, smallest first, as a stranger sees them."""
    rows = await witness.fetch(
        "SELECT balance FROM platform_credit_accounts WHERE owner_id = $1 ORDER BY 1", owner_id
    )
    return [row["balance"] for row in rows]


async def connections_of(witness: asyncpg.Connection, application_name: str) -> int:
    return int(
        await witness.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", application_name
        )
    )


async def until_connections(witness: asyncpg.Connection, name: str, number: int) -> None:
    """Wait until that many connections bear the name; a backend takes a moment to leave."""

    async def is_so() -> bool:
        return await connections_of(witness, name) == number

    await eventually(is_so, f"{number} connections named {name}")
