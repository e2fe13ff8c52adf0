"""Hypothesis strategies made from the annotations of the product's dataclasses."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

import pytest
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

#: Text as JSON carries it both ways; a lone surrogate has tests of its own.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_SCALARS: Mapping[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    type(None): st.none(),
}


@pytest.fixture(scope="session")
def any_instance() -> Callable[[type], st.SearchStrategy[Any]]:
    """Makes a strategy of a dataclass; given to `data.draw`."""
    return functools.cache(instances)


def instances(cls: type) -> st.SearchStrategy[Any]:
    """Any instance of a frozen dataclass, by the types of its fields."""
    hints = typing.get_type_hints(cls)
    fields = {item.name: values(hints[item.name]) for item in dataclasses.fields(cls)}
    return st.builds(cls, **fields)


def values(hint: Any) -> st.SearchStrategy[Any]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(values, args))
    if origin is tuple:
        is_open = args[1:] == (...,)
        many = st.lists(values(args[0]), max_size=3).map(tuple)
        return many if is_open else st.tuples(*map(values, args))
    if origin is Mapping:
        return st.dictionaries(TEXT, values(args[1]), max_size=3)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    return instances(hint)
