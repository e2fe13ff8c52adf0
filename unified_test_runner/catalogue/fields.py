"""The types of a catalogue's values: what people write, checked and turned into what it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from unified_test_runner.catalogue.units import parse_duration, parse_size

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
IsolationWord = Literal["database", "instance", "shared"]
KeepTogether = Literal["auto", "test", "class", "file", "suite"]


def got(value: object) -> str:
    """Return how a message names a value that was not wanted."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"'{value}'"
    return "a list" if isinstance(value, list) else "a mapping"


def wanted(wanted: str, value: object) -> PydanticCustomError:
    """Return the fault of a value that is not what is wanted."""
    context = {"wanted": wanted, "got": got(value)}
    return PydanticCustomError("wanted", "wants {wanted}, got {got}", context)


def _worker_count(value: object) -> int | None:
    if value == "auto":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise wanted("'auto' or a whole number above 0", value)


def _format_version(value: object) -> int:
    if type(value) is int and value == 1:  # neither 1.0 nor true
        return value
    message = "wants 1, got {got} (hint: this runner reads version 1)"
    raise PydanticCustomError("wanted", message, {"got": got(value)})


def _given(value: object) -> object:
    if value is None:
        raise wanted("a value", value)
    return value


def _word(value: object) -> object:
    # To YAML 1.1 a bare `off` is the opposite of `true`.
    return "off" if value is False else value


def _seconds(value: object) -> float:
    if isinstance(value, str):
        try:
            seconds = parse_duration(value)
        except ValueError as error:
            raise PydanticCustomError("wanted", "{why}", {"why": str(error)}) from error
        if seconds > 0:
            return seconds
    raise wanted("a duration above 0 such as 60s or 1.5m", value)


def _retry_count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise wanted("a whole number from 0 on", value)


def _size(value: object) -> int:
    if isinstance(value, str):
        try:
            size = parse_size(value)
        except ValueError as error:
            raise PydanticCustomError("wanted", "{why}", {"why": str(error)}) from error
        if size > 0:
            return size
    raise wanted("a size above 0 such as 512MiB", value)


def nothing_is_empty(value: object) -> object:
    """Return no settings for an entry that is written without any."""
    # `unit:` with nothing behind it is how people write an entry that has no settings.
    return {} if value is None else value


#: For keys that may be absent: written down without a value, they say nothing.
Given = BeforeValidator(_given)

FormatVersion = Annotated[int, BeforeValidator(_format_version), WithJsonSchema({"const": 1})]
Workers = Annotated[
    int | None,
    BeforeValidator(_worker_count),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]}),
]


Duration = Annotated[
    float | None,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h)$"}),
]


Retries = Annotated[
    int | None,
    BeforeValidator(_retry_count),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]


def _preload(value: object) -> tuple[str, ...]:
    if value is False or value == "off":  # YAML 1.1 reads a bare `off` as false
        return ()
    if value == "auto":
        return ("*",)
    if isinstance(value, list) and all(
        isinstance(item, str) and item.isidentifier() for item in value
    ):
        return tuple(value)
    raise wanted("'off', 'auto' or a list of packages' names", value)


Preload = Annotated[
    tuple[str, ...],
    BeforeValidator(_preload),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["off", "auto", False]},
                {"type": "array", "items": {"type": "string"}},
            ]
        }
    ),
]

Size = Annotated[
    int | None,
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(B|KiB|MiB|GiB|kB|MB|GB)$"}),
]

Leaks = Annotated[Literal["report", "fail", "off"] | None, BeforeValidator(_word), Given]
