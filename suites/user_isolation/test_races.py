"""Contexts are created, used and closed at the same moment; every count stays exact.

Segment: Mid-market and Enterprise
Business Goal: Limits and statistics can be billed and alarmed on, because they are exact
Value Impact: Nobody is refused a context they are entitled to, nobody gets one too many
Strategic Impact: A count that drifts hides leaks until the process dies in rush hour
"""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import pytest

from suites.reference_platform.contexts import (
    ContextLimits,
    DataAccessFactory,
    DataStores,
    FactoryStatistics,
    UserDataAccess,
)
from suites.reference_platform.errors import ContextLimitError
from suites.synchronisation import DEADLINE_S, Gate
from suites.user_isolation.builders import context_for, yielding_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suites.user_isolation.builders import HandClock

Result = TypeVar("Result")

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Switch threads as often as the interpreter can, so that races happen today."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


async def test_tasks_keep_counts_exact(factory: DataAccessFactory, tag: str) -> None:
    """40 users open, use and close 5 contexts each at once: 200 created, 200 closed, 0 live."""
    snapshots: list[FactoryStatistics] = []

    async def cycle(user_id: str) -> None:
        for _ in range(5):
            async with factory.open(context_for(user_id)) as access:
                await access.cache.increment("uses")
                snapshots.append(factory.statistics())

    await asyncio.gather(*(cycle(f"{tag}-{number}") for number in range(40)))
    assert factory.statistics() == FactoryStatistics(created=200, closed=200, expired=0, live=0)
    assert max(snapshot.live for snapshot in snapshots) <= 40
    assert all(one.created == one.closed + one.expired + one.live for one in snapshots)


@pytest.mark.usefixtures("eager_threads")
async def test_threads_keep_counts_exact(stores: DataStores, tag: str) -> None:
    """8 threads open and close 50 contexts each: 400 created, 392 closed, 8 still usable."""
    factory = DataAccessFactory(stores, clock=yielding_clock)
    start = threading.Barrier(8, timeout=DEADLINE_S)

    def cycle(number: int) -> UserDataAccess:
        start.wait()
        for _ in range(49):
            factory.open(context_for(f"{tag}-shared-{number % 2}")).close()
        return factory.open(context_for(f"{tag}-{number}"))

    kept = await in_threads(8, cycle)
    assert factory.statistics() == FactoryStatistics(created=400, closed=392, expired=0, live=8)
    assert [await access.cache.increment("uses") for access in kept] == [1] * 8


@pytest.mark.usefixtures("eager_threads")
async def test_threads_share_one_limit(stores: DataStores, tag: str) -> None:
    """30 threads ask for one user at once: exactly 10 are let in, and those 10 work."""
    factory = DataAccessFactory(stores, clock=yielding_clock)
    start = threading.Barrier(30, timeout=DEADLINE_S)

    def ask(_number: int) -> UserDataAccess | None:
        start.wait()
        try:
            return factory.open(context_for(tag))
        except ContextLimitError:
            return None

    admitted = [access for access in await in_threads(30, ask) if access is not None]
    assert len(admitted) == factory.statistics().live == 10
    uses = [await access.cache.increment("uses") for access in admitted]
    assert uses == list(range(1, 11))


async def test_tasks_share_one_limit(factory: DataAccessFactory, tag: str) -> None:
    """50 tasks ask for one user at once: 10 work in Redis, 40 are refused, none is lost."""
    gate = Gate(50)

    async def ask() -> bool:
        try:
            async with factory.open(context_for(tag)) as access:
                await gate.wait()
                await access.cache.increment("uses")
                return True
        except ContextLimitError:
            await gate.wait()
            return False

    admitted = await asyncio.gather(*(ask() for _ in range(50)))
    assert sum(admitted) == 10
    assert factory.statistics() == FactoryStatistics(created=10, closed=10, expired=0, live=0)
    async with factory.open(context_for(tag)) as access:
        assert await access.cache.get_text("uses") == "10"


@pytest.mark.usefixtures("eager_threads")
async def test_close_counts_once(stores: DataStores, tag: str) -> None:
    """8 threads close the same 10 contexts at once: 10 are closed, and new ones fit in."""
    factory = DataAccessFactory(stores)
    accesses = [factory.open(context_for(tag)) for _ in range(10)]
    start = threading.Barrier(8, timeout=DEADLINE_S)

    def close_all(_number: int) -> None:
        start.wait()
        for access in accesses:
            access.close()

    await in_threads(8, close_all)
    assert factory.statistics() == FactoryStatistics(created=10, closed=10, expired=0, live=0)
    async with factory.open(context_for(tag)) as access:
        assert await access.cache.increment("uses") == 1


@pytest.mark.usefixtures("eager_threads")
async def test_sweep_and_close_end_each_context_once(
    stores: DataStores, clock: HandClock, tag: str
) -> None:
    """4 threads sweep and 4 close the same 20 late contexts: 20 ends, each counted once."""
    factory = DataAccessFactory(stores, clock=clock)
    accesses = [factory.open(context_for(f"{tag}-{number}")) for number in range(20)]
    assert [await access.cache.increment("uses") for access in accesses] == [1] * 20
    clock.advance(ContextLimits().time_to_live_s)
    start = threading.Barrier(8, timeout=DEADLINE_S)

    def end_all(number: int) -> int:
        start.wait()
        if number % 2:
            return factory.sweep()
        for access in accesses:
            access.close()
        return 0

    swept = sum(await in_threads(8, end_all))
    assert factory.statistics() == FactoryStatistics(
        created=20, closed=20 - swept, expired=swept, live=0
    )


async def in_threads(count: int, work: Callable[[int], Result]) -> list[Result]:
    """Run `work` in that many threads at once, and return what each returned, in order."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=count) as threads:
        running = [loop.run_in_executor(threads, work, number) for number in range(count)]
        return await asyncio.gather(*running)
