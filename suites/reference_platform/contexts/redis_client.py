"""Opens the shared connection to Redis."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis


def open_redis(url: str, *, max_connections: int = 16, wait_s: float = 10.0) -> Redis:
    """A client whose callers queue for a connection instead of opening ever more.

    The caller closes it with `aclose`.
    """
    pool = BlockingConnectionPool.from_url(
        url, max_connections=max_connections, timeout=wait_s, decode_responses=True
    )
    return Redis.from_pool(pool)
