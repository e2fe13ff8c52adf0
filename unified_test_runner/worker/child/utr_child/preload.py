"""Imports in the template what the workers of a group import anyway before their tests.

What an import leaves behind must be what it would leave in the worker itself. At the first one
of which that cannot be said no more are made: a later one would meet, or leave, another state
than it does in a worker, where that one lies between.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

from .stock import Chunk, Stock
from .traces import Traces, read_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: Among packages or variables: all of them.
EVERYTHING = "*"

#: Beginnings of variables that belong to a worker.
_OWN = ("UTR_", "PYTEST_", "COV_")


class Preload:
    """One attempt to import modules ahead of the workers.

    Args:
        names: modules in the order in which a worker loads them.
        chosen: packages to be imported, or `*` for all; standard modules always are.
        unfit: packages that must not be.
        private: variables that differ between workers.
    """

    def __init__(
        self,
        names: Sequence[str] = (),
        *,
        chosen: Collection[str] = (EVERYTHING,),
        unfit: Collection[str] = (),
        private: Collection[str] = (),
    ) -> None:
        self.refused: dict[str, str] = {}
        self.chunks: list[Chunk] = []
        self._names = names
        self._known = frozenset(names)
        self._chosen = frozenset(chosen)
        self._unfit = frozenset(unfit)
        self._private = frozenset(private)

    def run(self) -> Stock:
        """Import, and put all that was loaded aside, out of `sys.modules`."""
        before = set(sys.modules)
        for name in self._names:
            if name in sys.modules:
                continue
            top = name.partition(".")[0]
            if not self._is_wanted(top):
                break
            reason = self._import(name)
            if reason:
                self.refused[top] = reason
                break
        for name in [name for name in sys.modules if name not in before]:
            del sys.modules[name]
        return Stock(self.chunks)

    def _is_wanted(self, top: str) -> bool:
        if top in self._unfit:
            return False
        return not self._chosen.isdisjoint({top, EVERYTHING}) or top in sys.stdlib_module_names

    def _import(self, name: str) -> str:
        """Import a module and what it needs; returns why that is not harmless, if so."""
        loaded = set(sys.modules)
        asked = _Asked()
        with (
            warnings.catch_warnings(record=True) as said,
            read_variables() as read,
        ):
            warnings.simplefilter("always")
            sys.meta_path.insert(0, asked)
            traces = Traces()
            try:
                importlib.import_module(name)
            except BaseException as error:  # noqa: BLE001 - an import may raise anything
                return f"its import ends in {type(error).__name__}"
            finally:
                changes = traces.changes()
                sys.meta_path.remove(asked)
        new = set(sys.modules) - loaded
        chunk = Chunk(
            name,
            modules={key: sys.modules[key] for key in self._in_order(new)},
            missed=[key for key in asked.names if key not in sys.modules],
            variables=read,
        )
        self.chunks.append(chunk)
        return self._objection(chunk, changes, said or ())

    def _in_order(self, loaded: Collection[str]) -> list[str]:
        """Return names as a worker met them: `sys.modules` has them in the order of their ends."""
        known = [name for name in self._names if name in loaded]
        return [*known, *(name for name in loaded if name not in self._known)]

    def _objection(self, chunk: Chunk, changes: Sequence[str], said: Sequence[Any]) -> str:
        if changes:
            return f"its import changes {', '.join(changes)}"
        if said:
            return f"its import warns: {said[0].category.__name__}"
        if EVERYTHING in chunk.variables:
            return "its import reads the whole environment"
        private = [each for each in chunk.variables if each in self._private]
        private += [each for each in chunk.variables if each.startswith(_OWN)]
        if private:
            return f"its import reads {private[0]}"
        # Without a spec it was not imported: code of this chunk has put it there.
        unknown = [
            name
            for name, module in chunk.modules.items()
            if name not in self._known and getattr(module, "__spec__", None) is not None
        ]
        if unknown:
            return f"its import loads {unknown[0]}, which it did not before"
        unfit = [name for name in chunk.modules if name.partition(".")[0] in self._unfit]
        return f"its import loads {unfit[0]}, which is unfit" if unfit else ""


class _Asked:
    """A finder that finds nothing and remembers what was looked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        self.names.append(name)
