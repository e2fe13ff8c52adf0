"""Frozen dataclasses to plain JSON values and back, driven by their annotations.

Handles what events are made of: scalars, enums, `X | None`, `tuple[X, ...]`, fixed tuples,
string-keyed mappings and nested dataclasses. Unknown keys are ignored when reading, so that
an older reader understands a newer log; fields equal to their default are left out.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, Union

T = TypeVar("T")

_PLAIN = frozenset({str, int, float, bool, type(None)})


def to_plain(value: Any) -> Any:
    """Return `value` as JSON-ready lists, dicts and scalars."""
    if type(value) in _PLAIN:  # most values by far, and this runs for every event
        return value
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    return {
        name: to_plain(item)
        for name, default in _defaults(typing.cast("Any", type(value)))
        if (item := getattr(value, name)) != default
    }


def from_plain(cls: type[T], plain: Any) -> T:
    """Return a `cls` made from what `to_plain` produced.

    Raises:
        TypeError, ValueError: a field is missing or of the wrong shape.
    """
    result = _reader(typing.cast("Any", cls))(plain)
    return typing.cast("T", result)


@functools.cache
def _defaults(cls: Any) -> tuple[tuple[str, Any], ...]:
    pairs = []
    for item in dataclasses.fields(cls):
        default = item.default
        if item.default_factory is not dataclasses.MISSING:
            default = item.default_factory()
        pairs.append((item.name, default))
    return tuple(pairs)


@functools.cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    origin = typing.get_origin(hint)
    if origin is not None:
        return _container_reader(origin, typing.get_args(hint))
    if dataclasses.is_dataclass(hint):
        return _dataclass_reader(typing.cast("type", hint))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint
    if hint is float:
        return _read_float
    if hint in _PLAIN:
        return _scalar_reader(hint)
    return lambda plain: plain


def _read_float(plain: Any) -> float:
    if type(plain) not in {float, int}:
        raise TypeError(f"wants a number, got {plain!r:.80}")
    try:
        return float(plain)
    except OverflowError as error:
        raise ValueError("a number beyond all bounds") from error


def _scalar_reader(cls: type) -> Callable[[Any], Any]:
    def read(plain: Any) -> Any:
        if type(plain) is not cls:  # True is no number here, as it is none in JSON
            raise TypeError(f"wants {cls.__name__}, got {plain!r:.80}")
        return plain

    return read


def _container_reader(origin: Any, args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if origin in {Union, types.UnionType}:
        return _union_reader(args)
    if origin is tuple:
        return _tuple_reader(args)
    read = _reader(args[1])
    return lambda plain: {key: read(item) for key, item in _shaped(plain, Mapping).items()}


def _union_reader(options: tuple[Any, ...]) -> Callable[[Any], Any]:
    (inner,) = (option for option in options if option is not type(None))
    read = _reader(inner)
    return lambda plain: None if plain is None else read(plain)


def _tuple_reader(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(args) == 2 and args[1] is Ellipsis:  # noqa: PLR2004 - the shape of tuple[X, ...]
        return _list_reader(args[0])
    readers = tuple(_reader(arg) for arg in args)
    return lambda plain: tuple(
        read(item) for read, item in zip(readers, _shaped(plain, list), strict=True)
    )


def _list_reader(hint: Any) -> Callable[[Any], tuple[Any, ...]]:
    read, alike = _reader(hint), {hint}

    def read_all(plain: Any) -> tuple[Any, ...]:
        items = _shaped(plain, list)
        if hint in _PLAIN and alike.issuperset(map(type, items)):
            return tuple(items)  # long lists are lists of scalars
        return tuple(read(item) for item in items)

    return read_all


def _shaped(plain: Any, shape: type) -> Any:
    if not isinstance(plain, shape):
        raise TypeError(f"wants a {shape.__name__.lower()}, got {plain!r:.80}")
    return plain


def _dataclass_reader(cls: type) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(cls)
    readers = {item.name: _reader(hints[item.name]) for item in dataclasses.fields(cls)}

    def read(plain: Any) -> Any:
        items = _shaped(plain, Mapping).items()
        known = {key: readers[key](item) for key, item in items if key in readers}
        return cls(**known)

    return read
