"""The identity of one request, handed down unchanged to everything done for it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from suites.reference_platform.contexts.identity import Metadata, checked_id
from suites.reference_platform.errors import ContextDepthError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEPTH_LIMIT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing done under a context."""

    at: datetime
    action: str
    request_id: str


def new_request_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class UserExecutionContext:
    """Frozen: to change anything is to make another context."""

    user_id: str
    thread_id: str
    run_id: str
    request_id: str = field(default_factory=new_request_id)
    parent_request_id: str | None = None
    depth: int = 0
    metadata: Mapping[str, object] = field(default_factory=dict, hash=False)
    audit_trail: tuple[AuditEntry, ...] = ()

    def __post_init__(self) -> None:
        for name in ("user_id", "thread_id", "run_id", "request_id"):
            checked_id(name, getattr(self, name))
        if self.parent_request_id is not None:
            checked_id("parent_request_id", self.parent_request_id)
        if not 0 <= self.depth <= DEPTH_LIMIT:
            raise ContextDepthError(f"depth {self.depth} is outside 0 to {DEPTH_LIMIT}")
        object.__setattr__(self, "metadata", Metadata(self.metadata))

    def child(self, action: str) -> UserExecutionContext:
        """The same identity for a step of the work, under a request id of its own."""
        child = replace(
            self,
            request_id=new_request_id(),
            parent_request_id=self.request_id,
            depth=self.depth + 1,
        )
        return child.noting(action)

    def noting(self, action: str) -> UserExecutionContext:
        """The same context with one more entry in its audit trail."""
        entry = AuditEntry(
            at=datetime.now(timezone.utc),
            action=checked_id("action", action),
            request_id=self.request_id,
        )
        return replace(self, audit_trail=(*self.audit_trail, entry))
