"""Contexts, a clock to turn by hand, and the kinds of value a cache can hold."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suites.reference_platform.contexts import UserExecutionContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from suites.reference_platform.contexts import UserDataAccess
    from suites.reference_platform.contexts.cache import UserCache


def context_for(user_id: str, **changes: Any) -> UserExecutionContext:
    """A valid context of that user, with a thread and a run of its own."""
    fields: dict[str, Any] = {
        "user_id": user_id,
        "thread_id": f"thread-{uuid.uuid4().hex}",
        "run_id": f"run-{uuid.uuid4().hex}",
        **changes,
    }
    return UserExecutionContext(**fields)


class HandClock:
    """A monotonic clock that moves only when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


def yielding_clock() -> float:
    """A clock that lets every other thread run while it is asked.

    It is asked between check and change, so an unguarded section shows its race.
    """
    time.sleep(0.0002)
    return time.monotonic()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One type of Redis value: how to write one user's word, and what must come back."""

    write: Callable[[UserCache, str, str], Awaitable[object]]
    read: Callable[[UserCache, str], Awaitable[object]]
    expected: Callable[[str], object]


KINDS = {
    "string": Kind(
        write=lambda cache, name, word: cache.set_text(name, word),
        read=lambda cache, name: cache.get_text(name),
        expected=lambda word: word,
    ),
    "json": Kind(
        write=lambda cache, name, word: cache.set_json(name, {"words": [word], "none": None}),
        read=lambda cache, name: cache.get_json(name),
        expected=lambda word: {"words": [word], "none": None},
    ),
    "list": Kind(
        write=lambda cache, name, word: cache.append(name, word, "second"),
        read=lambda cache, name: cache.items(name),
        expected=lambda word: [word, "second"],
    ),
    "set": Kind(
        write=lambda cache, name, word: cache.add_members(name, word, "shared"),
        read=lambda cache, name: cache.members(name),
        expected=lambda word: {word, "shared"},
    ),
    "hash": Kind(
        write=lambda cache, name, word: cache.set_fields(name, {"word": word, word: "field"}),
        read=lambda cache, name: cache.fields(name),
        expected=lambda word: {"word": word, word: "field"},
    ),
}


async def store_everywhere(access: UserDataAccess, name: str) -> None:
    """Put one value of every kind, and one row, under names all users share."""
    word = access.context.user_id
    for kind, how in KINDS.items():
        await how.write(access.cache, f"{name}-{kind}", word)
    await access.documents.put(name, {"owner": word, "kind": "note"})


async def read_everywhere(access: UserDataAccess, name: str) -> dict[str, object]:
    found = {kind: await how.read(access.cache, f"{name}-{kind}") for kind, how in KINDS.items()}
    return {**found, "row": await access.documents.get(name)}


def all_of(user_id: str) -> dict[str, object]:
    """What `read_everywhere` returns when nothing of anybody else's came in."""
    found = {kind: how.expected(user_id) for kind, how in KINDS.items()}
    return {**found, "row": {"owner": user_id, "kind": "note"}}
