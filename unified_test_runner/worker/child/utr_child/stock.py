"""Modules that were imported ahead, kept out of sight until somebody imports them.

`"name" in sys.modules` must say what it says under plain pytest. So each chunk, which is all
that one import had loaded, appears when that import is done here, and only in the order in
which they were loaded: at any time the process is as if it had done these imports itself. An
import out of that order, of another file by the same name, in other surroundings, or never, is
a misfit: nothing of what this worker does may then count.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from .traces import SURROUNDINGS, Traces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec


class Chunk:
    """What one import did.

    Args:
        root: the name that was imported.
        modules: all that was loaded by it.
        missed: names that it looked for and did not find.
        variables: what it read of the environment.
    """

    def __init__(
        self,
        root: str,
        modules: dict[str, Any],
        missed: Sequence[str] = (),
        variables: Mapping[str, str | None] | None = None,
    ) -> None:
        self.root = root
        self.modules = modules
        self.missed = missed
        self.variables = variables or {}


class Stock:
    """A finder, first on `sys.meta_path`, that hands out chunks and knows what was asked for.

    Args:
        chunks: in the order in which they were loaded.
    """

    def __init__(self, chunks: Sequence[Chunk] = ()) -> None:
        self.misfit: tuple[str, str] | None = None
        self.asked: list[str] = []
        self._chunks = list(chunks)
        self._given = 0
        self._names = {name for chunk in chunks for name in chunk.modules}

    @property
    def is_filled(self) -> bool:
        """Whether anything was loaded ahead."""
        return bool(self._chunks)

    def enter(self) -> None:
        """Begin to hand out."""
        self._surroundings = Traces(SURROUNDINGS)
        self._reseed()
        sys.meta_path.insert(0, self)

    def leave(self) -> None:
        """Stop handing out: from now on all that was loaded ahead must be in use."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        if self._chunks and "coverage" in sys.modules:
            self._blame("coverage", "it counts the lines that an import runs")
        if self._given < len(self._chunks):
            self._blame(self._chunks[self._given].root, "it is not imported any more")

    def _reseed(self) -> None:
        """Give this worker random numbers of its own."""
        for chunk in self._chunks:
            module = chunk.modules.get("numpy.random")
            if module is not None:
                module.seed()

    def _blame(self, root: str, reason: str) -> None:
        self.misfit = self.misfit or (root.partition(".")[0], reason)

    # --- the protocol of finders

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return where a module that was loaded ahead would come from, with us as loader."""
        if self.misfit or name not in self._names or name in sys.modules:
            self.asked.append(name)
            return None
        spec = self._real_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(self, spec.loader)  # type: ignore[assignment]
        elif spec is not None:
            self._blame(name, "it has become a folder without code")
        return spec

    def _real_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        for finder in [*sys.meta_path]:
            if finder is not self:
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
        return None

    def take(self, spec: ModuleSpec) -> Chunk | None:
        """Return the chunk of a module about to be loaded, if it is its turn and its file."""
        chunk = self._chunks[self._given] if self._given < len(self._chunks) else None
        if self.misfit or chunk is None:
            return None
        reason = f"'{spec.name}' is imported before it"
        if chunk.root == spec.name:
            reason = self._objection(chunk, spec)
        if reason:
            self._blame(chunk.root, reason)
            return None
        self._given += 1
        return chunk

    def _objection(self, chunk: Chunk, spec: ModuleSpec) -> str:
        """Why an import here would have another effect than the one that was made, if so."""
        for name in chunk.modules:
            if self._is_other(name, chunk, spec):
                return f"another file is '{name}' here"
        for name in chunk.missed:
            if "." not in name and self._real_spec(name, None) is not None:
                return f"there is a '{name}' here, which it would import"
        for name, value in chunk.variables.items():
            if os.environ.get(name) != value:
                return f"its import reads {name}, which is different here"
        changes = self._surroundings.changes()
        if changes:
            return f"before its import {', '.join(changes)} changed"
        return "its assertions are to be rewritten" if _is_rewritten(chunk) else ""

    def _is_other(self, name: str, chunk: Chunk, asked: ModuleSpec) -> bool:
        """Whether this worker's paths lead to another file; looked at where paths begin."""
        ready = getattr(chunk.modules[name], "__spec__", None)
        if ready is None or ("." in name and name != asked.name):
            return False
        spec = asked if name == asked.name else self._real_spec(name, None)
        return spec is None or (spec.origin, _places(spec)) != (ready.origin, _places(ready))


def _is_rewritten(chunk: Chunk) -> bool:
    """Whether pytest has been told meanwhile to rewrite the assertions of a module."""
    marked = {each for hook in sys.meta_path for each in getattr(hook, "_must_rewrite", ())}
    packages = tuple(f"{name}." for name in marked)
    return any(name in marked or name.startswith(packages) for name in chunk.modules)


def _places(spec: ModuleSpec) -> list[str]:
    return [*(spec.submodule_search_locations or ())]


class _Loader:
    """Loads one module: from the stock if it fits, else as it would be loaded without."""

    def __init__(self, stock: Stock, real: Any) -> None:
        self._stock = stock
        self._real = real
        self._chunk: Chunk | None = None

    def create_module(self, spec: ModuleSpec) -> Any:
        self._chunk = self._stock.take(spec)
        return None if self._chunk else self._real.create_module(spec)

    def exec_module(self, module: Any) -> None:
        if self._chunk is None:
            self._real.exec_module(module)
        else:
            # The import system goes on with what it finds under the module's name.
            sys.modules.update(self._chunk.modules)
            self._stock.asked += self._chunk.modules

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
