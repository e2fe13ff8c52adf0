"""Ends a transaction from outside, by cutting its connection.

PostgreSQL rolls back when the client is gone, so locks are freed even while the code
that holds them never returns. Works on servers older than `transaction_timeout`, too.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from suites.reference_platform.errors import DatabaseError, TransactionCutError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncConnection


class Cutoff:
    """A time limit on one connection; `reason` is set once it was cut."""

    def __init__(self, driver: asyncpg.Connection, limit_s: float) -> None:
        self.reason: str | None = None
        self._driver = driver
        self._timer = asyncio.get_running_loop().call_later(
            limit_s, self.cut, f"transaction took longer than {limit_s:g} s"
        )

    @classmethod
    async def arm(cls, connection: AsyncConnection, limit_s: float) -> Cutoff:
        raw = await connection.get_raw_connection()
        return cls(raw.driver_connection, limit_s)

    def cut(self, reason: str) -> None:
        self.reason = reason
        self._driver.terminate()

    def disarm(self) -> None:
        self._timer.cancel()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Say why the connection is gone, instead of only that it is."""
        try:
            yield
        except (DatabaseError, SQLAlchemyError) as error:
            if self.reason is None:
                raise
            raise TransactionCutError(f"{self.reason}, rolled back") from error
