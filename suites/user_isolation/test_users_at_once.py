"""From ten users to two hundred work at the same moment on shared connections.

Segment: Mid-market and Enterprise, whose whole staff works at the same hours
Business Goal: Isolation and correctness do not depend on how busy the platform is
Value Impact: The answer in rush hour is as right as the answer at night
Strategic Impact: Concurrency is what the price per seat is paid for
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from suites.synchronisation import Gate
from suites.user_isolation.builders import (
    all_of,
    context_for,
    read_everywhere,
    store_everywhere,
)

if TYPE_CHECKING:
    from suites.reference_platform.contexts import DataAccessFactory

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]


@pytest.mark.parametrize("users", [10, 50, 200])
async def test_users_at_once_keep_apart(users: int, factory: DataAccessFactory, tag: str) -> None:
    """10 to 200 users, all live at once, each get back exactly what they stored."""
    gate = Gate(users)

    async def work(user_id: str) -> dict[str, object]:
        async with factory.open(context_for(user_id)) as access:
            await store_everywhere(access, "note")
            await gate.wait()
            assert factory.statistics().created == users
            return await read_everywhere(access, "note")

    user_ids = [f"{tag}-{number}" for number in range(users)]
    found = await asyncio.gather(*map(work, user_ids))
    assert found == [all_of(user_id) for user_id in user_ids]
    assert factory.statistics().closed == users
    assert factory.statistics().live == 0


async def test_sixty_users_under_load_lose_nothing(factory: DataAccessFactory, tag: str) -> None:
    """60 users make 12 rounds of mixed work at once; every counter, list and row is exact."""
    rounds = 12

    async def work(user_id: str) -> tuple[int, list[str], list[str]]:
        async with factory.open(context_for(user_id)) as access:
            for number in range(rounds):
                await access.cache.increment("rounds")
                await access.cache.append("history", f"{user_id} {number}")
                if number % 5 == 0:
                    await access.documents.put(f"row-{number}", {"owner": user_id})
            names = await access.documents.matching({"owner": user_id})
            total = await access.cache.increment("rounds", 0)
            return total, await access.cache.items("history"), names

    user_ids = [f"{tag}-{number}" for number in range(60)]
    found = await asyncio.gather(*map(work, user_ids))
    rows = sorted(f"row-{number}" for number in range(0, rounds, 5))
    assert found == [
        (rounds, [f"{user_id} {number}" for number in range(rounds)], rows) for user_id in user_ids
    ]


async def test_one_user_in_ten_contexts_loses_no_update(
    factory: DataAccessFactory, tag: str
) -> None:
    """One user's 10 contexts add 50 to one counter each, at once; the sum is 500."""

    async def add(number: int) -> None:
        async with factory.open(context_for(tag)) as access:
            await gate.wait()
            for _ in range(50):
                await access.cache.increment("total")
            await access.documents.put("last", {"by": number})

    gate = Gate(10)
    await asyncio.gather(*map(add, range(10)))
    async with factory.open(context_for(tag)) as access:
        assert await access.cache.get_text("total") == "500"
        assert await access.documents.count() == 1
