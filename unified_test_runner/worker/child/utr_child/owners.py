"""Test files that would be imported under one module name: the first of them owns it.

Plain pytest imports all files into one process, so that the second file of a name is always
an error (of import modes `prepend` and `append`). Here it would depend on which worker gets
which file. So the owner stands in `sys.modules`, really or as a stub, while another file of
its name is collected, and pytest says what it always says.
"""

from __future__ import annotations

import contextlib
import os
import sys
import types
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .walk import Unit


class Owners:
    """Knows which files of a walk are not the first of their module name.

    Args:
        config: the session's; its import mode decides whether names matter.
        nodes: the file nodes of the walk, in pytest's order.
        paths: selected paths from the project root; None means all.
    """

    def __init__(
        self,
        config: pytest.Config,
        nodes: Iterable[tuple[Unit, Any]],
        paths: list[str] | None,
    ) -> None:
        self._owned: dict[str, tuple[str, str]] = {}
        if config.getoption("importmode") == "importlib" or _has_namespaces(config):
            return
        selected = None if paths is None else set(paths)
        by_stem: dict[str, dict[str, None]] = defaultdict(dict)
        for unit, node in nodes:
            if isinstance(node, pytest.Module) and (selected is None or unit[0] in selected):
                path = str(node.path)
                by_stem[os.path.basename(path)][path] = None
        for same in by_stem.values():
            if len(same) > 1:
                self._settle(list(same))

    def _settle(self, same: list[str]) -> None:
        owner_of: dict[str, str] = {}
        for path in same:
            name = _module_name(path)
            owner = owner_of.setdefault(name, path)
            if owner != path:
                self._owned[path] = (name, owner)

    @contextlib.contextmanager
    def present(self, node: Any) -> Iterator[None]:
        """Have the owner of a file's module name stand where imports look for it."""
        name, owner = self._owned.get(str(node.path), ("", ""))
        if not name or name in sys.modules:
            yield
            return
        stub = types.ModuleType(name)
        stub.__file__ = owner
        sys.modules[name] = stub
        try:
            yield
        finally:
            if sys.modules.get(name) is stub:
                del sys.modules[name]


def _has_namespaces(config: pytest.Config) -> bool:
    try:
        return bool(config.getini("consider_namespace_packages"))
    except (KeyError, ValueError):  # unknown to this version of pytest
        return False


def _module_name(path: str) -> str:
    """Return the dotted name under which pytest imports a file: from its outermost package on."""
    folder, file = os.path.split(path)
    parts = [os.path.splitext(file)[0]]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        if not package.isidentifier():
            break
        parts.insert(0, package)
    return ".".join(parts)
