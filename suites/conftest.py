"""Fixtures common to the suites: addresses, tables, connections, and a clean exit.

Every test marks what it stores with a `tag` of its own and removes exactly that, so the
tests can share servers with one another and with anything else.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import pytest_asyncio

from suites.reference_platform.contexts.redis_client import open_redis
from suites.reference_platform.database import Database, DatabaseSpec
from suites.reference_platform.errors import SettingsError
from suites.reference_platform.schema import create_schema
from suites.reference_platform.settings import PlatformSettings

if TYPE_CHECKING:
    from redis.asyncio import Redis

OpenDatabase = Callable[..., Database]


@contextmanager
def failing_clearly() -> Iterator[None]:
    """A missing address fails the test and says how to get one; it never skips it."""
    try:
        yield
    except SettingsError as error:
        pytest.fail(
            f"{error} (hint: run `unified-test-runner --real-services`, which starts the servers "
            "and sets it, or export it yourself and run plain pytest)",
            pytrace=False,
        )


@pytest.fixture(scope="session")
def redis_url() -> str:
    with failing_clearly():
        return PlatformSettings().redis_url


@pytest.fixture(scope="session")
def database_spec() -> DatabaseSpec:
    """A small pool on a database that has the platform's tables."""
    with failing_clearly():
        spec = DatabaseSpec(url=PlatformSettings().database_url, pool_size=8)

    async def prepare() -> None:
        database = Database(replace(spec, pool_size=1))
        try:
            await create_schema(database)
        finally:
            await database.close()

    asyncio.run(prepare())
    return spec


@pytest.fixture
def tag() -> str:
    """Part of every name this test stores anything under."""
    return uuid.uuid4().hex


@pytest_asyncio.fixture
async def open_database(
    database_spec: DatabaseSpec, witness: asyncpg.Connection, tag: str
) -> AsyncIterator[OpenDatabase]:
    """Opens pools named after the test; all of them end with it."""
    # Asked for so that it outlives the pools, and removes what was stored through them.
    del witness
    async with AsyncExitStack() as stack:

        def open_one(**changes: Any) -> Database:
            changes.setdefault("application_name", f"suite-{tag}")
            database = Database(replace(database_spec, **changes))
            stack.push_async_callback(database.close)
            return database

        yield open_one


@pytest_asyncio.fixture
async def database(open_database: OpenDatabase) -> Database:
    """The ordinary pool."""
    return open_database()


@pytest_asyncio.fixture
async def redis(redis_url: str, tag: str) -> AsyncIterator[Redis]:
    """The platform's client; keys that carry the tag go with it."""
    client = open_redis(redis_url)
    try:
        yield client
        own = [key async for key in client.scan_iter(match=f"*{tag}*", count=1000)]
        if own:
            await client.unlink(*own)
    finally:
        await client.aclose()


@pytest_asyncio.fixture
async def witness(database_spec: DatabaseSpec, tag: str) -> AsyncIterator[asyncpg.Connection]:
    """A plain connection, none of the platform's, to see what the server sees."""
    url = database_spec.url.set(drivername="postgresql")
    connection = await asyncpg.connect(
        url.render_as_string(hide_password=False),
        # A failed test may leave a lock behind; clean-up must then fail, not wait for ever.
        server_settings={"statement_timeout": "5000"},
    )
    try:
        yield connection
        own = f"%{tag}%"
        await connection.execute("DELETE FROM platform_documents WHERE user_id LIKE $1", own)
        await connection.execute("DELETE FROM platform_credit_accounts WHERE owner_id LIKE $1", own)
    finally:
        await connection.close()
