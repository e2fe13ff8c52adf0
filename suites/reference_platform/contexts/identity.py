"""What counts as an identity, and which metadata may travel with it.

A placeholder that slips through would make one user out of all who share it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping

from suites.reference_platform.errors import InvalidContextError

LONGEST_ID = 128

PLACEHOLDERS = frozenset(
    {
        "-",
        "anonymous",
        "default",
        "dummy",
        "example",
        "none",
        "null",
        "placeholder",
        "test",
        "undefined",
        "unknown",
        "user",
    }
)

RESERVED_KEYS = frozenset(
    {"audit_trail", "depth", "parent_request_id", "request_id", "run_id", "thread_id", "user_id"}
)


def checked_id(field: str, value: object) -> str:
    """The value itself if it can identify something, else a refusal naming the field."""
    if not isinstance(value, str):
        raise InvalidContextError(f"{field}: expected text, got {type(value).__name__}")
    if not value.strip():
        raise InvalidContextError(f"{field}: must not be empty")
    if value.strip().casefold() in PLACEHOLDERS:
        raise InvalidContextError(f"{field}: {value!r} is a placeholder, not an identity")
    if value != value.strip() or not value.isprintable():
        raise InvalidContextError(f"{field}: {value!r} has outer blanks or control characters")
    if len(value) > LONGEST_ID:
        raise InvalidContextError(f"{field}: {len(value)} characters, at most {LONGEST_ID}")
    return value


class Metadata(Mapping[str, object]):
    """A mapping nobody can change: values are copied deep on the way in and out."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        reserved = sorted(key for key in values if key.strip().casefold() in RESERVED_KEYS)
        if reserved:
            raise InvalidContextError(f"metadata: reserved keys {', '.join(reserved)}")
        self._values = copy.deepcopy(dict(values))

    def __getitem__(self, key: str) -> object:
        return copy.deepcopy(self._values[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        # Values may be personal; the keys are enough to debug with.
        return f"Metadata(keys={sorted(self._values)})"
