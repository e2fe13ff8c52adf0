"""What one user keeps in Redis: text, JSON, lists, sets and hashes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from suites.reference_platform.contexts.keys import KeySpace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redis.asyncio import Redis

SCAN_BATCH = 500


class UserCache:
    """Every method refuses when the lease behind it is over."""

    def __init__(self, redis: Redis, user_id: str, check: Callable[[], None]) -> None:
        self._redis = redis
        self._keys = KeySpace(user_id)
        self._check = check

    async def set_text(self, name: str, value: str) -> None:
        await self._redis.set(self._key(name), value)

    async def get_text(self, name: str) -> str | None:
        return cast("str | None", await self._redis.get(self._key(name)))

    async def increment(self, name: str, amount: int = 1) -> int:
        return await self._redis.incrby(self._key(name), amount)

    async def set_json(self, name: str, value: object) -> None:
        await self._redis.set(self._key(name), json.dumps(value))

    async def get_json(self, name: str) -> object:
        text = await self._redis.get(self._key(name))
        return None if text is None else json.loads(text)

    async def append(self, name: str, *values: str) -> int:
        return await self._redis.rpush(self._key(name), *values)

    async def items(self, name: str) -> list[str]:
        return cast("list[str]", await self._redis.lrange(self._key(name), 0, -1))

    async def add_members(self, name: str, *members: str) -> int:
        return await self._redis.sadd(self._key(name), *members)

    async def members(self, name: str) -> set[str]:
        return cast("set[str]", await self._redis.smembers(self._key(name)))

    async def set_fields(self, name: str, fields: Mapping[str, str]) -> None:
        mapping: dict[Any, Any] = dict(fields)
        await self._redis.hset(self._key(name), mapping=mapping)

    async def fields(self, name: str) -> dict[str, str]:
        return cast("dict[str, str]", await self._redis.hgetall(self._key(name)))

    async def delete(self, *names: str) -> int:
        """Delete own keys; returns how many there were."""
        return await self._redis.unlink(*map(self._key, names)) if names else 0

    async def names(self, prefix: str = "") -> list[str]:
        """Own keys whose names begin with `prefix`, sorted."""
        self._check()
        scan = self._redis.scan_iter(match=self._keys.pattern(prefix), count=SCAN_BATCH)
        # SCAN may show a key more than once while the table is resized.
        return sorted({self._keys.name(key) async for key in scan})

    async def count(self) -> int:
        return len(await self.names())

    async def clear(self) -> int:
        """Delete every own key; returns how many there were."""
        return await self.delete(*await self.names())

    def _key(self, name: str) -> str:
        self._check()
        return self._keys.key(name)
