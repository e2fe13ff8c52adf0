"""Many users use one name for what they store; each meets only what is theirs.

Segment: All paying segments; a precondition for Enterprise contracts
Business Goal: No user ever reads, lists, counts or deletes another user's data
Value Impact: Users can trust the assistant with confidential work
Strategic Impact: One crossed answer is a reportable breach and ends contracts
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from suites.synchronisation import Gate
from suites.user_isolation.builders import KINDS, context_for, store_everywhere

if TYPE_CHECKING:
    from suites.reference_platform.contexts import DataAccessFactory

pytestmark = [pytest.mark.integration, pytest.mark.real_services, pytest.mark.asyncio]

USERS = 25


@pytest.mark.parametrize("kind", KINDS)
async def test_same_cache_key_never_crosses(
    kind: str, factory: DataAccessFactory, tag: str
) -> None:
    """25 users write one key of one Redis type at once; each reads back its own value."""
    gate = Gate(USERS)

    async def write_then_read(user_id: str) -> object:
        async with factory.open(context_for(user_id)) as access:
            await KINDS[kind].write(access.cache, "draft", user_id)
            await gate.wait()
            return await KINDS[kind].read(access.cache, "draft")

    users = [f"{tag}-{number}" for number in range(USERS)]
    found = await asyncio.gather(*map(write_then_read, users))
    assert found == [KINDS[kind].expected(user_id) for user_id in users]


async def test_same_row_name_never_crosses(factory: DataAccessFactory, tag: str) -> None:
    """25 users store a row of one name at once, twice; each reads back its own last one."""
    gate = Gate(USERS)

    async def write_then_read(user_id: str) -> object:
        async with factory.open(context_for(user_id)) as access:
            await access.documents.put("draft", {"owner": user_id, "version": 1})
            await gate.wait()
            await access.documents.put("draft", {"owner": user_id, "version": 2})
            return await access.documents.get("draft")

    users = [f"{tag}-{number}" for number in range(USERS)]
    found = await asyncio.gather(*map(write_then_read, users))
    assert found == [{"owner": user_id, "version": 2} for user_id in users]


@pytest.mark.parametrize("store", ["cache", "documents"])
async def test_listing_and_count_show_own_names_only(
    store: str, factory: DataAccessFactory, tag: str
) -> None:
    """Each of 10 users lists and counts exactly its own names, of which number n has n."""

    async def fill(number: int) -> None:
        async with factory.open(context_for(f"{tag}-{number}")) as access:
            for item in range(number):
                await access.cache.set_text(f"note-{item}", "text")
                await access.documents.put(f"note-{item}", {})

    async def listing(number: int) -> tuple[list[str], int]:
        async with factory.open(context_for(f"{tag}-{number}")) as access:
            view = getattr(access, store)
            return await view.names(), await view.count()

    await asyncio.gather(*map(fill, range(10)))
    found = await asyncio.gather(*map(listing, range(10)))
    assert found == [([f"note-{item}" for item in range(n)], n) for n in range(10)]


@pytest.mark.parametrize("store", ["cache", "documents"])
async def test_delete_removes_own_name_only(
    store: str, factory: DataAccessFactory, tag: str
) -> None:
    """A user deletes a name that a neighbour has too: one goes, the neighbour's stays."""
    async with (
        factory.open(context_for(f"{tag}-a")) as one,
        factory.open(context_for(f"{tag}-b")) as neighbour,
    ):
        for access in (one, neighbour):
            await store_everywhere(access, "note")
        name = "note-hash" if store == "cache" else "note"
        assert await getattr(one, store).delete(name) == 1
        assert await getattr(one, store).delete(name) == 0
        assert name not in await getattr(one, store).names()
        assert name in await getattr(neighbour, store).names()


@pytest.mark.parametrize("store", ["cache", "documents"])
async def test_clear_removes_own_data_only(
    store: str, factory: DataAccessFactory, tag: str
) -> None:
    """A user clears a store: all 3 own names go, both of the neighbour's stay."""
    async with (
        factory.open(context_for(f"{tag}-a")) as one,
        factory.open(context_for(f"{tag}-b")) as neighbour,
    ):
        for name in ("first", "second", "third"):
            await one.cache.set_text(name, "text")
            await one.documents.put(name, {})
        for name in ("first", "fourth"):
            await neighbour.cache.set_text(name, "text")
            await neighbour.documents.put(name, {})
        assert await getattr(one, store).clear() == 3
        assert await getattr(one, store).names() == []
        assert await getattr(neighbour, store).names() == ["first", "fourth"]


async def test_search_by_content_finds_own_rows_only(factory: DataAccessFactory, tag: str) -> None:
    """A search by content that 10 users' rows would match finds the asking user's row."""

    async def store_then_search(number: int) -> list[str]:
        async with factory.open(context_for(f"{tag}-{number}")) as access:
            await access.documents.put(f"note-{number}", {"kind": "note", "number": number})
            await access.documents.put(f"bill-{number}", {"kind": "bill"})
            await gate.wait()
            return await access.documents.matching({"kind": "note"})

    gate = Gate(10)
    found = await asyncio.gather(*map(store_then_search, range(10)))
    assert found == [[f"note-{number}"] for number in range(10)]


HOSTILE_IDS = {
    "star": ("{tag}*", "{tag}-victim"),
    "question mark": ("{tag}?", "{tag}v"),
    "brackets": ("{tag}[a-z]", "{tag}v"),
    "separator": ("{tag}", "{tag}:notes"),
    "backslash": ("{tag}\\*", "{tag}*"),
    "encoded": ("{tag}%3Av", "{tag}:v"),
}


@pytest.mark.parametrize("case", HOSTILE_IDS)
async def test_hostile_user_id_reaches_nobody(
    case: str, factory: DataAccessFactory, tag: str
) -> None:
    """A user id made of globs or separators neither lists nor clears another user's keys."""
    hostile_id, victim_id = (pattern.format(tag=tag) for pattern in HOSTILE_IDS[case])
    async with (
        factory.open(context_for(hostile_id)) as hostile,
        factory.open(context_for(victim_id)) as victim,
    ):
        await victim.cache.set_text("secret", "of the victim")
        await hostile.cache.set_text("notes:secret", "of the other")
        assert await hostile.cache.names() == ["notes:secret"]
        assert await hostile.cache.get_text("secret") is None
        assert await hostile.cache.clear() == 1
        assert await victim.cache.names() == ["secret"]
        assert await victim.cache.get_text("secret") == "of the victim"


@pytest.mark.parametrize("store", ["cache", "documents"])
async def test_listing_prefix_is_taken_literally(
    store: str, factory: DataAccessFactory, tag: str
) -> None:
    """A prefix to list by means its characters: of 4 names, the glob or wildcard is one."""
    async with factory.open(context_for(tag)) as access:
        view = getattr(access, store)
        for name in ("a*b", "aXb", "a%b", "a_b"):
            await access.cache.set_text(name, "text")
            await access.documents.put(name, {})
        assert await view.names("a*") == ["a*b"]
        assert await view.names("a%") == ["a%b"]
        assert await view.names("a_") == ["a_b"]
        assert await view.names("a") == sorted(["a*b", "aXb", "a%b", "a_b"])
