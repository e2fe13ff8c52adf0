"""A slot one live context takes up, and the exact count of what became of all slots.

All of it runs under one lock that is never held across an await, so the figures stay
exact whether contexts are opened by tasks of one loop or by threads.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from suites.reference_platform.errors import (
    ContextClosedError,
    ContextExpiredError,
    ContextLimitError,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class LeaseState(Enum):
    LIVE = "live"
    CLOSED = "closed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryStatistics:
    """created == closed + expired + live, at any moment."""

    created: int
    closed: int
    expired: int
    live: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextLimits:
    per_user: int = 10
    time_to_live_s: float = 300.0


class Lease:
    """One live context of one user; changed by its `LeaseBook` only."""

    __slots__ = ("expires_at", "state", "user_id")

    def __init__(self, user_id: str, expires_at: float) -> None:
        self.user_id = user_id
        self.expires_at = expires_at
        self.state = LeaseState.LIVE


class LeaseBook:
    """Who holds how many live contexts, and how many there ever were."""

    def __init__(self, limits: ContextLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._live: defaultdict[str, set[Lease]] = defaultdict(set)
        self._created = 0
        self._ended = dict.fromkeys((LeaseState.CLOSED, LeaseState.EXPIRED), 0)

    def take(self, user_id: str) -> Lease:
        with self._lock:
            self._expire(user_id)
            if len(self._live.get(user_id, ())) >= self._limits.per_user:
                raise ContextLimitError(
                    f"user {user_id!r} holds {self._limits.per_user} live contexts, "
                    "as many as allowed: close one first"
                )
            lease = Lease(user_id, self._clock() + self._limits.time_to_live_s)
            self._live[user_id].add(lease)
            self._created += 1
            return lease

    def give_back(self, lease: Lease) -> None:
        """End a lease; harmless when it has ended already."""
        with self._lock:
            self._end(lease, LeaseState.CLOSED)

    def check(self, lease: Lease) -> None:
        """Refuse a lease that is over."""
        with self._lock:
            if lease.expires_at <= self._clock():
                self._end(lease, LeaseState.EXPIRED)
            if lease.state is LeaseState.CLOSED:
                raise ContextClosedError(f"the context of user {lease.user_id!r} is closed")
            if lease.state is LeaseState.EXPIRED:
                raise ContextExpiredError(
                    f"the context of user {lease.user_id!r} outlived its "
                    f"{self._limits.time_to_live_s:g} s"
                )

    def sweep(self) -> int:
        """End every lease whose time is up, used or not; returns how many."""
        with self._lock:
            return sum(self._expire(user_id) for user_id in tuple(self._live))

    def statistics(self) -> FactoryStatistics:
        with self._lock:
            return FactoryStatistics(
                created=self._created,
                closed=self._ended[LeaseState.CLOSED],
                expired=self._ended[LeaseState.EXPIRED],
                live=sum(len(leases) for leases in self._live.values()),
            )

    def _expire(self, user_id: str) -> int:
        now = self._clock()
        late = [lease for lease in self._live.get(user_id, ()) if lease.expires_at <= now]
        for lease in late:
            self._end(lease, LeaseState.EXPIRED)
        return len(late)

    def _end(self, lease: Lease, state: LeaseState) -> None:
        if lease.state is not LeaseState.LIVE:
            return
        lease.state = state
        self._ended[state] += 1
        self._live[lease.user_id].discard(lease)
        if not self._live[lease.user_id]:
            # Else every user who ever called would stay in memory.
            del self._live[lease.user_id]
