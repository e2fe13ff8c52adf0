"""Runs of the same tests again in one process, without leftovers of the run before.

A file is not collected a second time: pytest would register the fixtures of its classes once
more, and one that overrides another of its name would then be applied twice. Its items are
run again instead, which pytest provides for.
"""

from __future__ import annotations

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


class _State:
    """What a run changes in an item and pytest itself does not undo."""

    def __init__(self, item: Any) -> None:
        self._properties = list(item.user_properties)
        self._globals = dict(item.dtest.globs) if getattr(item, "dtest", None) else None
        self._function = item.__dict__.get("_obj")
        self._instance = _instance(item)
        self._attributes = dict(getattr(self._instance, "__dict__", {}))

    def restore(self, item: Any) -> None:
        item.user_properties[:] = self._properties
        item._report_sections.clear()
        if self._globals is not None:
            item.dtest.globs.clear()
            item.dtest.globs.update(self._globals)
        if item.__dict__.get("_obj") is not None:  # of a TestCase pytest makes another by itself
            item._obj = self._function
        if hasattr(self._instance, "__dict__"):
            # Emptied, not replaced: hypothesis takes a second instance for a mistake.
            self._instance.__dict__.clear()
            self._instance.__dict__.update(self._attributes)


def _instance(item: Any) -> Any:
    """Return the instance of its class that a test has for itself, None without one."""
    parent = item.parent
    held = item.__dict__.get("_instance") or getattr(item.__dict__.get("_obj"), "__self__", None)
    return held if isinstance(parent, pytest.Class) and isinstance(held, parent.obj) else None
