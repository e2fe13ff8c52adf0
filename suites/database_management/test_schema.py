"""The tables can be made by anybody, at any time, by a program that says what is wrong.

Segment: Platform, for every segment
Business Goal: A new installation or a new worker needs no manual step
Value Impact: Set-up takes minutes, and its errors can be acted upon without reading code
Strategic Impact: Several workers starting at once never damage one another's database
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from suites.reference_platform.schema import create_schema

if TYPE_CHECKING:
    import asyncpg

    from suites.conftest import OpenDatabase

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Ended:
    code: int
    errors: str


async def run_schema_program(**environment: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "suites.reference_platform.schema"),
        cwd=ROOT,
        env={**os.environ, **environment},
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    return Ended(code=process.returncode or 0, errors=errors.decode())


async def test_tables_are_made_once_by_many(
    open_database: OpenDatabase, witness: asyncpg.Connection, tag: str
) -> None:
    """4 sessions make the tables in one empty place at once: all succeed, and there are 2."""
    place = f"place_{tag}"
    await witness.execute(f"CREATE SCHEMA {place}")
    try:
        databases = [open_database(search_path=place, pool_size=1) for _ in range(4)]
        await asyncio.gather(*map(create_schema, databases))
        tables = await witness.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1", place
        )
    finally:
        await witness.execute(f"DROP SCHEMA {place} CASCADE")
    assert [row["tablename"] for row in tables] == [
        "platform_credit_accounts",
        "platform_documents",
    ]


@pytest.mark.usefixtures("database")
async def test_program_is_harmless_when_repeated() -> None:
    """Run where the tables exist already, it ends with code 0 and says nothing."""
    assert await run_schema_program() == Ended(code=0, errors="")


async def test_program_names_a_missing_address() -> None:
    """With DATABASE_URL empty it ends with code 1 and one line that names the variable."""
    ended = await run_schema_program(DATABASE_URL="")
    assert ended == Ended(code=1, errors="schema not created: DATABASE_URL is not set\n")


async def test_program_says_what_it_cannot_reach() -> None:
    """With nobody listening it ends with code 1 and one line: the address, not the password."""
    with socket.socket() as reserved:
        # Bound but not listening: nobody else can take the port, and it refuses.
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        address = f"postgresql://somebody:hush-hush@127.0.0.1:{port}/nowhere"
        ended = await run_schema_program(DATABASE_URL=address)
    assert ended.code == 1
    assert ended.errors.count("\n") == 1
    assert f"127.0.0.1:{port}" in ended.errors
    assert "hush-hush" not in ended.errors
