"""Imports in the template what the workers of a group import anyway before their tests.

What an import leaves behind must be what it would leave in the worker itself. Whatever could
differ is refused here, by reason; the template is then no place to fork from any more.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

from .stock import Chunk, Stock
from .traces import EVERYTHING, Traces, read_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: Beginnings of variables that belong to a worker.
_OWN = ("UTR_", "PYTEST_", "COV_")


class Preload:
    """One attempt to import modules ahead of the workers.

    Args:
        names: modules in the order in which a worker loaded them.
        private: variables that differ between workers.
    """

    def __init__(self, names: Sequence[str], private: Collection[str]) -> None:
        self.refused: dict[str, str] = {}
        self.chunks: list[Chunk] = []
        self._names = names
        self._known = frozenset(names)
        self._private = frozenset(private)
        self._reads: dict[str, tuple[str, str | None]] = {}

    def run(self) -> Stock:
        """Import, and put all that was loaded aside, out of `sys.modules`."""
        before = set(sys.modules)
        for name in self._names:
            top = name.partition(".")[0]
            if name not in sys.modules and top not in self.refused:
                reason = self._import(name)
                if reason:
                    self.refused[top] = reason
        for name in [name for name in sys.modules if name not in before]:
            del sys.modules[name]
        return Stock(self.chunks, self._reads)

    def _import(self, name: str) -> str:
        """Import a module and what it needs; returns why that is not harmless, if so."""
        traces = Traces()
        loaded = set(sys.modules)
        with warnings.catch_warnings(record=True) as said, read_variables() as read:
            warnings.simplefilter("always")
            traces = Traces()
            try:
                importlib.import_module(name)
            except BaseException as error:  # noqa: BLE001 - an import may raise anything
                return f"its import ends in {type(error).__name__}"
            changes = traces.changes()
        modules = {key: value for key, value in sys.modules.items() if key not in loaded}
        self.chunks.append(Chunk(name, modules))
        for variable, value in read.items():
            self._reads.setdefault(variable, (name, value))
        return self._objection(modules, changes, said, read)

    def _objection(
        self,
        modules: Collection[str],
        changes: Sequence[str],
        said: Sequence[Any] | None,
        read: Collection[str],
    ) -> str:
        if changes:
            return f"its import changes {', '.join(changes)}"
        if said:
            return f"its import warns: {said[0].category.__name__}"
        if EVERYTHING in read:
            return "its import reads the whole environment"
        private = [name for name in read if name in self._private or name.startswith(_OWN)]
        if private:
            return f"its import reads {', '.join(private)}"
        unknown = [name for name in modules if name not in self._known]
        return f"its import loads {unknown[0]}, which it did not before" if unknown else ""
