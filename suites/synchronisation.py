"""Ways for concurrent parts of a test to meet without guessing how long anything takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DEADLINE_S = 20.0
POLL_S = 0.01


class Gate:
    """Opens when all parties stand before it; `asyncio.Barrier` needs Python 3.11."""

    def __init__(self, parties: int) -> None:
        self._missing = parties
        self._is_open = asyncio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if self._missing <= 0:
            self._is_open.set()
        await within(self._is_open.wait())


async def within(waiting: Awaitable[object], deadline_s: float = DEADLINE_S) -> None:
    """Fail the test, rather than hang it, when something never comes."""
    await asyncio.wait_for(waiting, deadline_s)


async def eventually(probe: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a state only the server can tell of, asking until it is so."""

    async def ask() -> None:
        while not await probe():  # noqa: ASYNC110 - no event of ours fires in the server
            await asyncio.sleep(POLL_S)

    try:
        await within(ask())
    except asyncio.TimeoutError:
        raise AssertionError(f"not within {DEADLINE_S:g} s: {what}") from None
