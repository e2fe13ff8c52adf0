"""What may be asked of the database: the pool as a whole, and one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


class IsolationLevel(Enum):
    """The levels PostgreSQL tells apart; its READ UNCOMMITTED is READ COMMITTED."""

    READ_COMMITTED = "READ COMMITTED"
    REPEATABLE_READ = "REPEATABLE READ"
    SERIALIZABLE = "SERIALIZABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSpec:
    """A pool as it is wanted; `Database` is the pool as it exists."""

    url: URL
    application_name: str = "reference-platform"
    pool_size: int = 5
    acquire_timeout_s: float = 5.0
    connect_timeout_s: float = 5.0
    statement_timeout_s: float = 10.0
    transaction_limit_s: float = 60.0
    drain_s: float = 5.0
    attempts: int = 5
    search_path: str | None = None

    def server_settings(self) -> dict[str, str]:
        """What every connection tells the server about itself when it opens."""
        settings = {
            "application_name": self.application_name,
            "statement_timeout": str(milliseconds(self.statement_timeout_s)),
        }
        if self.search_path is not None:
            settings["search_path"] = self.search_path
        return settings

    def completed(self, terms: TransactionTerms) -> CompleteTerms:
        """Fill in what the transaction left to the pool."""
        limit_s = first_given(terms.limit_s, self.transaction_limit_s)
        timeout_s = first_given(terms.statement_timeout_s, self.statement_timeout_s)
        return CompleteTerms(
            isolation=terms.isolation,
            # A server busy with a statement does not notice that its client is gone.
            statement_timeout_s=min(timeout_s, limit_s),
            limit_s=limit_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionTerms:
    """How one transaction differs from the pool's ordinary ones; None means it does not."""

    isolation: IsolationLevel = IsolationLevel.READ_COMMITTED
    statement_timeout_s: float | None = None
    limit_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTerms:
    """The terms one transaction really runs under."""

    isolation: IsolationLevel
    statement_timeout_s: float
    limit_s: float

    def statement_timeout(self) -> dict[str, str]:
        return {"value": str(milliseconds(self.statement_timeout_s))}


def first_given(wanted: float | None, ordinary: float) -> float:
    return ordinary if wanted is None else wanted


def milliseconds(seconds: float) -> int:
    # PostgreSQL reads 0 as "no limit", the opposite of what a tiny limit means.
    return max(1, round(seconds * 1000))
