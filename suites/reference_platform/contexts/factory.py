"""Makes data accesses, a bounded number per user and each for a bounded time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from suites.reference_platform.contexts.access import DataStores, UserDataAccess
from suites.reference_platform.contexts.lease import ContextLimits, FactoryStatistics, LeaseBook

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites.reference_platform.contexts.context import UserExecutionContext

DEFAULT_LIMITS = ContextLimits()


class DataAccessFactory:
    """Shares stores between users, and nothing else."""

    def __init__(
        self,
        stores: DataStores,
        limits: ContextLimits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stores = stores
        self._book = LeaseBook(limits, clock)

    def open(self, context: UserExecutionContext) -> UserDataAccess:
        """Access to the data of the context's user, until closed or expired."""
        return UserDataAccess(context, self._stores, self._book)

    def sweep(self) -> int:
        """Expire every access whose time is up; returns how many that were."""
        return self._book.sweep()

    def statistics(self) -> FactoryStatistics:
        return self._book.statistics()
