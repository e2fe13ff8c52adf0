"""Turns what the driver raises into the platform's own errors.

Decided by SQLSTATE, never by text: servers answer in their own language.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from suites.reference_platform.errors import (
    DatabaseError,
    DeadlockError,
    SerialisationError,
    StatementTimeoutError,
    TransactionCutError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_SQLSTATE: dict[str, tuple[type[DatabaseError], str]] = {
    "40P01": (DeadlockError, "chosen as the victim of a deadlock, rolled back"),
    "40001": (SerialisationError, "conflicts with a concurrent transaction, rolled back"),
    "57014": (StatementTimeoutError, "statement cancelled by its time limit, rolled back"),
    "42501": (DatabaseError, "the user of this address has not the right to do that"),
    "57P01": (TransactionCutError, "connection ended by the server, rolled back"),
    "25P03": (TransactionCutError, "idle for too long inside a transaction, rolled back"),
}


@contextmanager
def translated_faults() -> Iterator[None]:
    """Raise the platform's error for those of the driver's that have a name here."""
    try:
        yield
    except DBAPIError as error:
        fault = named_fault(error)
        if fault is None:
            raise
        raise fault from error


def named_fault(error: DBAPIError) -> DatabaseError | None:
    sqlstate = getattr(error.orig, "sqlstate", None)
    if isinstance(sqlstate, str) and sqlstate in BY_SQLSTATE:
        kind, text = BY_SQLSTATE[sqlstate]
        return kind(text)
    if error.connection_invalidated:
        return TransactionCutError("connection lost inside a transaction, rolled back")
    return None


def server_words(error: BaseException) -> str:
    """What the server or the socket said, without the layers wrapped around it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return str(error.orig.__cause__ or error.orig)
    return str(error) or type(error).__name__
