"""PostgreSQL: one pool per service session, transactions with limits, retried conflicts."""

from suites.reference_platform.database.pool import Database, TransactionCounts
from suites.reference_platform.database.terms import DatabaseSpec, IsolationLevel, TransactionTerms

__all__ = [
    "Database",
    "DatabaseSpec",
    "IsolationLevel",
    "TransactionCounts",
    "TransactionTerms",
]
