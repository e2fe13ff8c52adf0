"""Memory comes back when contexts end.

Segment: Platform, for every segment
Business Goal: A process serves users for weeks without growing
Value Impact: No restarts, and so no lost sessions, for want of memory
Strategic Impact: Memory per user decides how many users one machine carries
"""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import weakref
from typing import TYPE_CHECKING

import pytest

from suites.user_isolation.builders import context_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.reference_platform.contexts import DataAccessFactory, UserDataAccess
    from suites.user_isolation.builders import HandClock

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]

MIB = 1024 * 1024
LUGGAGE_BYTES = 64 * 1024


@pytest.fixture
def traced_memory() -> Iterator[None]:
    """Python's own account: exact, where the process's size moves with its neighbours."""
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    yield
    if not was_tracing:
        tracemalloc.stop()


async def bytes_held() -> int:
    # The loop holds the result that woke this task until the task yields again.
    await asyncio.sleep(0)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def open_with_luggage(factory: DataAccessFactory, user_id: str) -> UserDataAccess:
    """A context that would be missed: 100 of them left behind are 6 MiB."""
    luggage = bytearray(LUGGAGE_BYTES)
    access = factory.open(context_for(user_id, metadata={"luggage": luggage}))
    await access.cache.set_text("note", "text")
    return access


@pytest.mark.usefixtures("traced_memory")
@pytest.mark.parametrize("ending", ["closed", "swept"])
async def test_hundred_contexts_give_their_memory_back(
    ending: str, factory: DataAccessFactory, clock: HandClock, tag: str
) -> None:
    """100 contexts of 100 users, used and then closed or swept, leave less than 2 MB behind."""

    async def batch(name: str, size: int) -> int:
        opening = (open_with_luggage(factory, f"{tag}-{name}-{n}") for n in range(size))
        accesses = await asyncio.gather(*opening)
        await asyncio.gather(*(access.documents.put("note", {}) for access in accesses[::5]))
        held = await bytes_held()
        if ending == "swept":
            clock.advance(1e6)
            assert factory.sweep() == size
        else:
            for access in accesses:
                access.close()
        return held

    await batch("warm-up", 20)
    before = await bytes_held()
    held = await batch("measured", 100)
    # The measurement itself is trusted only if it sees contexts that do live.
    assert held - before > 100 * LUGGAGE_BYTES
    assert await bytes_held() - before < 2 * MIB


@pytest.mark.usefixtures("traced_memory")
async def test_users_who_left_take_no_memory(factory: DataAccessFactory, tag: str) -> None:
    """1,000 users who came and went leave less than 0.1 MB in the factory's books."""

    async def visit(number: int) -> None:
        async with factory.open(context_for(f"{tag}-{number:0>90}")) as access:
            if number % 100 == 0:
                await access.cache.set_text("note", "text")

    await visit(0)
    before = await bytes_held()
    for number in range(1, 1001):
        await visit(number)
    assert factory.statistics().closed == 1001
    assert await bytes_held() - before < MIB / 10


async def test_nothing_holds_on_to_a_closed_context(factory: DataAccessFactory, tag: str) -> None:
    """10 contexts of one user, closed and dropped, are collected; the factory keeps none."""
    accesses = [await open_with_luggage(factory, tag) for _ in range(10)]
    remembered = [weakref.ref(access) for access in accesses]
    while accesses:
        accesses.pop().close()
    gc.collect()
    assert [reference() for reference in remembered] == [None] * 10
