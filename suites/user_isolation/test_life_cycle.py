"""A context works from its opening to its end, and not a moment longer.

Segment: All
Business Goal: A request that is over cannot read or write any more
Value Impact: Work abandoned by one user never holds up that user, or others, for good
Strategic Impact: Bounded contexts per user keep the cost of one user bounded
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suites.reference_platform.contexts import (
    ContextLimits,
    DataAccessFactory,
    DataStores,
    FactoryStatistics,
    UserDataAccess,
)
from suites.reference_platform.errors import (
    ContextClosedError,
    ContextDepthError,
    ContextExpiredError,
    ContextLimitError,
)
from suites.user_isolation.builders import all_of, context_for, read_everywhere, store_everywhere

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from suites.user_isolation.builders import HandClock

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]

TIME_TO_LIVE_S = ContextLimits().time_to_live_s

USES: dict[str, Callable[[UserDataAccess], Awaitable[object]]] = {
    "write cache": lambda access: access.cache.set_text("late", "value"),
    "list cache": lambda access: access.cache.names(),
    "write row": lambda access: access.documents.put("late", {}),
    "count rows": lambda access: access.documents.count(),
}


@pytest.mark.parametrize("use", USES)
async def test_closed_context_is_refused(use: str, factory: DataAccessFactory, tag: str) -> None:
    """After close, a kept access neither reads nor writes, and leaves nothing behind."""
    access = factory.open(context_for(tag))
    await store_everywhere(access, "note")
    access.close()
    with pytest.raises(ContextClosedError, match=tag):
        await USES[use](access)
    async with factory.open(context_for(tag)) as later:
        assert "late" not in await later.cache.names() + await later.documents.names()


@pytest.mark.parametrize("use", USES)
async def test_context_expires_on_the_second(
    use: str, factory: DataAccessFactory, clock: HandClock, tag: str
) -> None:
    """A context works just before its 300 s are up, is refused at 300 s, and counts as expired."""
    access = factory.open(context_for(tag))
    clock.advance(TIME_TO_LIVE_S - 0.001)
    await USES[use](access)
    clock.advance(0.001)
    with pytest.raises(ContextExpiredError, match="300 s"):
        await USES[use](access)
    access.close()
    assert factory.statistics() == FactoryStatistics(created=1, closed=0, expired=1, live=0)


async def test_error_in_the_block_closes_the_context(factory: DataAccessFactory, tag: str) -> None:
    """An exception inside `async with` passes through, and the context is closed all the same."""
    access = factory.open(context_for(tag))

    async def fail_half_way() -> None:
        async with access:
            await access.cache.set_text("before", "the error")
            raise LookupError("of the block")

    with pytest.raises(LookupError, match="of the block"):
        await fail_half_way()
    with pytest.raises(ContextClosedError):
        await access.cache.get_text("before")
    assert factory.statistics().live == 0


@pytest.mark.parametrize("limit", [10, 3])
async def test_limit_holds_per_user(limit: int, stores: DataStores, tag: str) -> None:
    """One user has 10 live contexts by default, 3 if so configured; a neighbour still gets in."""
    limits = ContextLimits() if limit == 10 else ContextLimits(per_user=limit)
    factory = DataAccessFactory(stores, limits)
    accesses = [factory.open(context_for(tag)) for _ in range(limit)]
    with pytest.raises(ContextLimitError, match=f"holds {limit} live contexts"):
        factory.open(context_for(tag))
    async with factory.open(context_for(f"{tag}-neighbour")) as neighbour:
        assert await neighbour.cache.increment("uses") == 1
    accesses[0].close()
    async with factory.open(context_for(tag)) as freed:
        assert await freed.cache.increment("uses") == 1
    assert factory.statistics().created == limit + 2


async def test_children_count_against_the_limit(factory: DataAccessFactory, tag: str) -> None:
    """Contexts for children take slots of their user: a parent and 9 children are 10."""
    parent = context_for(tag)
    accesses = [factory.open(parent), *(factory.open(parent.child("step")) for _ in range(9))]
    with pytest.raises(ContextLimitError):
        factory.open(parent.child("one more"))
    uses = [await access.cache.increment("uses") for access in accesses]
    assert uses == list(range(1, 11))


async def test_expired_contexts_free_their_slots(
    factory: DataAccessFactory, clock: HandClock, tag: str
) -> None:
    """10 abandoned contexts stop the user until their time is up, then no longer."""
    abandoned = [factory.open(context_for(tag)) for _ in range(10)]
    clock.advance(TIME_TO_LIVE_S)
    async with factory.open(context_for(tag)) as access:
        assert await access.cache.increment("uses") == 1
        with pytest.raises(ContextExpiredError):
            await abandoned[0].cache.increment("uses")
    assert factory.statistics() == FactoryStatistics(created=11, closed=1, expired=10, live=0)


async def test_sweep_ends_what_is_late_only(
    factory: DataAccessFactory, clock: HandClock, tag: str
) -> None:
    """Of 5 old and 4 young contexts of different users, a sweep ends the 5; the 4 still work."""
    for number in range(5):
        factory.open(context_for(f"{tag}-old-{number}"))
    clock.advance(TIME_TO_LIVE_S / 2)
    young = [factory.open(context_for(f"{tag}-young-{number}")) for number in range(4)]
    clock.advance(TIME_TO_LIVE_S / 2)
    assert factory.sweep() == 5
    assert factory.sweep() == 0
    assert [await access.cache.increment("uses") for access in young] == [1] * 4
    assert factory.statistics() == FactoryStatistics(created=9, closed=0, expired=5, live=4)


async def test_deepest_child_reaches_its_users_data(factory: DataAccessFactory, tag: str) -> None:
    """A child of depth 10 reads all its ancestor stored, and nothing more; depth 11 is refused."""
    parent = context_for(tag)
    async with (
        factory.open(parent) as access,
        factory.open(context_for(f"{tag}-neighbour")) as neighbour,
    ):
        await store_everywhere(access, "note")
        await store_everywhere(neighbour, "note")
    deepest = parent
    for step in range(10):
        deepest = deepest.child(f"step-{step}")
    async with factory.open(deepest) as access:
        assert await read_everywhere(access, "note") == all_of(tag)
    with pytest.raises(ContextDepthError, match="depth 11"):
        deepest.child("step-10")
