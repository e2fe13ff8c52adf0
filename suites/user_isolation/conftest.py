"""Fixtures of this suite: the stores all users share, and a factory in front of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suites.reference_platform.contexts import DataAccessFactory, DataStores
from suites.user_isolation.builders import HandClock

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from suites.reference_platform.database import Database


@pytest.fixture
def stores(redis: Redis, database: Database) -> DataStores:
    return DataStores(redis=redis, database=database)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def factory(stores: DataStores, clock: HandClock) -> DataAccessFactory:
    """Ordinary limits, and a clock that stands still unless the test moves it."""
    return DataAccessFactory(stores, clock=clock)
