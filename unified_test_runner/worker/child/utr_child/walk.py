"""The directory walk: finds test files as pytest itself would, without importing one.

`Session.genitems` is shadowed for the length of one `perform_collect`, so that directories
are expanded and every other node is only remembered. The nodes are the session's own, so
fixtures of session and package scope live across files as under plain pytest.

Where plugins must see all tests at once the files are expanded as well, and the units are
what lies between two changes of file in the order that the plugins made.
"""

from __future__ import annotations

import itertools
import os
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from .choice import wanted
from .recall import recalled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Unit = tuple[str, str, int]


#: Plugins that order tests, or make them depend on one another, over all files.
_NEED_ALL = ("orderings", "pytest_order", "order", "random_order", "dependency", "pytest_split")


def whole_choice(config: pytest.Config, spec: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is selected where everything is collected at once; None where it is not."""
    collect = spec["collect"]
    if collect == "auto":
        plugins = config.pluginmanager
        collect = "whole" if any(map(plugins.hasplugin, _NEED_ALL)) else "lazy"
    choice: dict[str, Any] = spec["choice"]
    return choice if collect == "whole" else None


class Walk:
    """Remembers the file nodes of a session, keyed as the plan keys them."""

    def __init__(self, session: pytest.Session, root: str, choice: dict[str, Any] | None) -> None:
        self.nodes: dict[Unit, pytest.Item | pytest.Collector] = {}
        self.runs: dict[Unit, list[pytest.Item]] = {}
        self.is_whole = choice is not None
        self._choice = choice or {}
        self._file_of: dict[pytest.Item, Unit] = {}
        self.expand: Callable[[Any], Iterator[pytest.Item]] = session.genitems
        self._session = session
        self._root = root

    def perform_collect(self, collect: Callable[[], Any]) -> None:
        """Run pytest's own collection with this walk in place of item generation."""
        self._session.genitems = self._visit  # type: ignore[method-assign]
        try:
            collect()
        finally:
            del self._session.genitems
        if self.is_whole:
            self._cut(self._session.items)

    def _visit(self, node: Any) -> Iterator[pytest.Item]:
        if isinstance(node, (pytest.Session, pytest.Directory)):
            yield from self._descend(node)
        else:
            unit = self._remember(node)
            if self.is_whole:
                yield from self._expanded(unit, node)

    def _expanded(self, unit: Unit, node: Any) -> Iterator[pytest.Item]:
        """Yield the selected tests of a file."""
        path, choice = unit[0], self._choice
        paths = choice["paths"]
        if paths is not None and path not in paths:
            return
        patterns = choice["patterns"] if path in choice["filtered"] else ()
        found = self._items(node)
        left = recalled(found, choice["recall"], choice["recalled"].get(path, ()))
        kept = wanted(left, path, patterns, choice["ids"].get(path, ()))
        if len(kept) < len(found):
            left_out = set(found).difference(kept)
            self._session.config.hook.pytest_deselected(items=left_out)
        for item in kept:
            self._file_of[item] = unit
            yield item

    def _items(self, node: Any) -> list[pytest.Item]:
        """Return the tests of a file; pytest's own generation calls itself by name."""
        del self._session.genitems
        try:
            return list(self.expand(node))
        finally:
            self._session.genitems = self._visit  # type: ignore[method-assign]

    def _cut(self, items: list[pytest.Item]) -> None:
        """Make units of the tests that stand together; a file without any is a unit too.

        Their ids are part of the key: a worker in which another order came out does not know
        the units of the first.
        """
        files, self.nodes = self.nodes, {}
        for file, group in itertools.groupby(items, key=self._file_of.get):
            if file is not None:
                self._add(file, files[file], list(group))
        used = {file for file in map(self._file_of.get, items) if file is not None}
        for file, node in files.items():
            if file not in used:
                self._add(file, node, [])

    def _add(self, file: Unit, node: Any, items: list[pytest.Item]) -> None:
        ids = "\n".join(item.nodeid for item in items)
        digest = f"{file[1]} {zlib.crc32(ids.encode('utf-8', 'backslashreplace')):08x}"
        ordinal = 0
        while (file[0], digest, ordinal) in self.nodes:
            ordinal += 1
        unit = (file[0], digest, ordinal)
        self.nodes[unit], self.runs[unit] = node, items

    def _descend(self, node: Any) -> Iterator[pytest.Item]:
        report, is_duplicate = self._session._collect_one_node(node, True)
        if report.passed:
            for child in report.result:
                yield from self._visit(child)
        if not is_duplicate:
            node.ihook.pytest_collectreport(report=report)

    def _remember(self, node: pytest.Item | pytest.Collector) -> Unit:
        path = os.path.relpath(node.path, self._root).replace(os.sep, "/")
        collector = type(node).__name__
        ordinal = 0
        while (path, collector, ordinal) in self.nodes:
            ordinal += 1
        unit = (path, collector, ordinal)
        self.nodes[unit] = node
        return unit


class Park(pytest.Item):
    """The stand-in for a next item while the next file is not known yet.

    As `nextitem` it makes pytest tear down the fixtures of the module just ended and keep
    those of its directories and of the session.
    """

    def runtest(self) -> None:
        """Never runs."""
        raise NotImplementedError

    @classmethod
    def beside(cls, node: pytest.Item | pytest.Collector) -> Park:
        """Return a stand-in under the same directory as a file node."""
        parent: Any = node.parent
        return cls.from_parent(parent, name="<next file>")
