"""JSON Schema of a log line, made from the event classes; the committed copy is checked.

The schema of the JSON report stands beside it and is written by hand: that document is a
promise to its readers, not a picture of our classes.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from typing import Any

from unified_test_runner.events import EVENT_TYPES, LOG_VERSION

if typing.TYPE_CHECKING:
    from collections.abc import Mapping

_SCALARS: Mapping[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def events_schema() -> dict[str, Any]:
    """Return the schema of one line of `events.jsonl`."""
    kinds = {cls.kind: _event(cls) for cls in EVENT_TYPES}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of events.jsonl",
        "description": "Readers ignore kinds and fields they do not know.",
        "type": "object",
        "required": ["v", "seq", "t_mono", "kind"],
        "properties": {
            "v": {"const": LOG_VERSION},
            "seq": {"type": "integer", "minimum": 1},
            "t_mono": {"type": "number", "minimum": 0},
            "kind": {"type": "string"},
        },
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}}, "then": shape}
            for kind, shape in kinds.items()
        ],
    }


def _event(cls: type) -> dict[str, Any]:
    summary = (cls.__doc__ or "").partition("\n")[0]
    return {"description": summary, **_dataclass(cls)}


def _dataclass(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    fields = dataclasses.fields(cls)
    required = [field.name for field in fields if _is_required(field)]
    shape: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: _value(hints[field.name]) for field in fields},
    }
    return {**shape, "required": required} if required else shape


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _value(hint: Any) -> dict[str, Any]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return {"anyOf": [_value(arg) for arg in args]}
    if origin is tuple:
        return _tuple(args)
    if origin is not None:
        return {"type": "object", "additionalProperties": _value(args[1])}
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"enum": [member.value for member in hint]}
    return {"type": _SCALARS[hint]}


def _tuple(args: tuple[Any, ...]) -> dict[str, Any]:
    if args[-1] is Ellipsis:
        return {"type": "array", "items": _value(args[0])}
    return {
        "type": "array",
        "prefixItems": [_value(arg) for arg in args],
        "minItems": len(args),
        "maxItems": len(args),
    }
