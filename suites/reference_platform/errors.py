"""Everything the platform refuses, as one tree.

PlatformError
├── SettingsError                 an environment variable is missing or unreadable
├── ContextError
│   ├── InvalidContextError       an identity or its metadata breaks a rule
│   ├── ContextDepthError         a chain of children is too long
│   ├── ContextLimitError         one user holds too many live contexts
│   ├── ContextClosedError        used after close
│   └── ContextExpiredError       used after its time to live
└── DatabaseError
    ├── DatabaseUnreachableError  no connection could be made
    ├── DatabaseClosedError       used after close
    ├── PoolExhaustedError        every connection stayed busy for too long
    ├── StatementTimeoutError     one statement ran too long
    ├── TransactionCutError       the connection was cut with the transaction open
    └── TransactionConflictError  worth another attempt
        ├── DeadlockError
        └── SerialisationError
"""

from __future__ import annotations


class PlatformError(Exception):
    """Root of the tree; its text is meant for people."""


class SettingsError(PlatformError):
    """An environment variable is missing or cannot be read."""


class ContextError(PlatformError):
    """A user context was refused."""


class InvalidContextError(ContextError):
    """An identity or its metadata breaks a rule."""


class ContextDepthError(ContextError):
    """A chain of child contexts is too long."""


class ContextLimitError(ContextError):
    """One user holds as many live contexts as allowed."""


class ContextClosedError(ContextError):
    """The context was closed before."""


class ContextExpiredError(ContextError):
    """The context outlived its time to live."""


class DatabaseError(PlatformError):
    """PostgreSQL, or the pool in front of it, said no."""


class DatabaseUnreachableError(DatabaseError):
    """No connection could be made."""


class DatabaseClosedError(DatabaseError):
    """The pool was closed before."""


class PoolExhaustedError(DatabaseError):
    """Every connection of the pool stayed busy for the whole waiting time."""


class StatementTimeoutError(DatabaseError):
    """One statement ran longer than allowed; its transaction is rolled back."""


class TransactionCutError(DatabaseError):
    """The connection was cut while the transaction was open; nothing of it is kept."""


class TransactionConflictError(DatabaseError):
    """Another transaction was in the way; the same work may succeed if run again."""


class DeadlockError(TransactionConflictError):
    """PostgreSQL chose this transaction as the victim of a deadlock."""


class SerialisationError(TransactionConflictError):
    """No serial order of the concurrent transactions would explain this one."""
