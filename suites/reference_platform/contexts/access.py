"""One user's way to the stores, for as long as its lease lasts.

A further store is one more field of `DataStores` and one more scoped class, built in
`UserDataAccess` with the same user id and the same check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suites.reference_platform.contexts.cache import UserCache
from suites.reference_platform.contexts.documents import UserDocuments

if TYPE_CHECKING:
    from types import TracebackType

    from redis.asyncio import Redis
    from typing_extensions import Self

    from suites.reference_platform.contexts.context import UserExecutionContext
    from suites.reference_platform.contexts.lease import LeaseBook
    from suites.reference_platform.database.pool import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStores:
    """The shared connections; whoever opened them closes them."""

    redis: Redis
    database: Database


class UserDataAccess:
    """Holds a lease from its making; `async with` or `close` gives it back."""

    def __init__(self, context: UserExecutionContext, stores: DataStores, book: LeaseBook) -> None:
        self.context = context
        self._book = book
        self._lease = book.take(context.user_id)
        self.cache = UserCache(stores.redis, context.user_id, self._check)
        self.documents = UserDocuments(stores.database, context.user_id, self._check)

    async def __aenter__(self) -> Self:
        self._check()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the lease back; harmless when repeated."""
        self._book.give_back(self._lease)

    def _check(self) -> None:
        self._book.check(self._lease)
