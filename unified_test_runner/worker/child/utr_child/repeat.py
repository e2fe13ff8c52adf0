"""Runs of the same tests again in one process, without leftovers of the run before.

A file is not collected a second time: pytest would register the fixtures of its classes once
more, and one that overrides another of its name would then be applied twice. Its items are
run again instead, which pytest provides for.
"""

from __future__ import annotations

import contextlib
import types
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .walk import Unit


class Kept:
    """The tests of files that may be run again, as they were before their first run."""

    def __init__(self) -> None:
        self._items: dict[Unit, list[tuple[pytest.Item, _State]]] = {}

    def keep(self, unit: Unit, items: list[pytest.Item]) -> None:
        """Remember the tests of a file that is about to run for the first time."""
        if unit not in self._items:
            self._items[unit] = [(item, _State(item)) for item in items]

    def again(self, unit: Unit) -> list[pytest.Item] | None:
        """Return the tests of a file as new; None when it has not run here before."""
        known = self._items.get(unit)
        if known is None:
            return None
        for item, state in known:
            state.restore(item)
        return [item for item, _ in known]


def _renew_instance(item: Any) -> None:
    """Give a test method a new instance of its class, as each test has one of its own."""
    method = item.__dict__.get("_obj")
    holder = getattr(method, "__self__", None)
    if not isinstance(item.parent, pytest.Class) or not isinstance(holder, item.parent.obj):
        return
    parent: Any = item.parent
    instance = parent.newinstance()
    item._obj = types.MethodType(method.__func__, instance)
    if "_instance" in item.__dict__:
        item._instance = instance


class _State:
    """What a run changes in an item and pytest itself does not undo."""

    def __init__(self, item: Any) -> None:
        self._properties = list(item.user_properties)
        self._globals = dict(item.dtest.globs) if getattr(item, "dtest", None) else None

    def restore(self, item: Any) -> None:
        item.user_properties[:] = self._properties
        item._report_sections.clear()
        with contextlib.suppress(Exception):  # a class may refuse to be made twice
            _renew_instance(item)
        if self._globals is not None:
            item.dtest.globs.clear()
            item.dtest.globs.update(self._globals)
