"""Creates the platform's tables: `python -m suites.reference_platform.schema`.

Harmless when they exist already, and when several processes do it at once.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from sqlalchemy import text

from suites.reference_platform.database.pool import Database
from suites.reference_platform.database.tables import metadata
from suites.reference_platform.database.terms import DatabaseSpec
from suites.reference_platform.errors import PlatformError
from suites.reference_platform.settings import PlatformSettings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

# Any number will do as long as nothing else in the same database locks it.
SCHEMA_LOCK = 7_301_855_021_464_904_118


async def create_schema(database: Database) -> None:
    """Create what is missing, one process at a time.

    "If not exists" alone is not enough: two sessions may both find a table missing.
    """

    async def create(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
        await connection.run_sync(metadata.create_all)

    await database.run(create)


async def create_configured_schema() -> None:
    spec = DatabaseSpec(
        url=PlatformSettings().database_url,
        application_name="reference-platform-schema",
        pool_size=1,
    )
    database = Database(spec)
    try:
        await create_schema(database)
    finally:
        await database.close()


def main() -> int:
    try:
        asyncio.run(create_configured_schema())
    except PlatformError as error:
        sys.stderr.write(f"schema not created: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
