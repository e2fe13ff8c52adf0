"""What one user keeps in PostgreSQL: named JSON documents, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from suites.reference_platform.database.tables import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy.ext.asyncio import AsyncConnection

    from suites.reference_platform.database.pool import Database


class UserDocuments:
    """Every statement carries the user; every method refuses when the lease is over."""

    def __init__(self, database: Database, user_id: str, check: Callable[[], None]) -> None:
        self._database = database
        self._user_id = user_id
        self._own = documents.c.user_id == user_id
        self._check = check

    async def put(self, name: str, body: Mapping[str, object]) -> None:
        """Store a document, in place of an own one of the same name."""
        row = insert(documents).values(user_id=self._user_id, name=name, body=dict(body))
        row = row.on_conflict_do_update(
            index_elements=[documents.c.user_id, documents.c.name],
            set_={"body": row.excluded.body, "updated_at": func.now()},
        )
        async with self._transaction() as connection:
            await connection.execute(row)

    async def get(self, name: str) -> dict[str, Any] | None:
        query = select(documents.c.body).where(self._own, documents.c.name == name)
        async with self._transaction() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def names(self, prefix: str = "") -> list[str]:
        """Own documents whose names begin with `prefix`, taken literally, sorted."""
        begins = documents.c.name.startswith(prefix, autoescape=True)
        query = select(documents.c.name).where(self._own, begins)
        async with self._transaction() as connection:
            return sorted((await connection.execute(query)).scalars())

    async def matching(self, part: Mapping[str, object]) -> list[str]:
        """Names of own documents that contain `part`, sorted."""
        query = select(documents.c.name).where(self._own, documents.c.body.contains(dict(part)))
        async with self._transaction() as connection:
            return sorted((await connection.execute(query)).scalars())

    async def count(self) -> int:
        query = select(func.count()).select_from(documents).where(self._own)
        async with self._transaction() as connection:
            return (await connection.execute(query)).scalar_one()

    async def delete(self, *names: str) -> int:
        """Delete own documents; returns how many there were."""
        statement = delete(documents).where(self._own, documents.c.name.in_(names))
        async with self._transaction() as connection:
            return (await connection.execute(statement)).rowcount

    async def clear(self) -> int:
        """Delete every own document; returns how many there were."""
        async with self._transaction() as connection:
            return (await connection.execute(delete(documents).where(self._own))).rowcount

    def _transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        self._check()
        return self._database.transaction()
