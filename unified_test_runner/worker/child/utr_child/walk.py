"""The directory walk: finds test files as pytest itself would, without importing one.

`Session.genitems` is shadowed for the length of one `perform_collect`, so that directories
are expanded and every other node is only remembered. The nodes are the session's own, so
fixtures of session and package scope live across files as under plain pytest.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Unit = tuple[str, str, int]


class Walk:
    """Remembers the file nodes of a session, keyed as the plan keys them."""

    def __init__(self, session: pytest.Session, root: str) -> None:
        self.nodes: dict[Unit, pytest.Item | pytest.Collector] = {}
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

    def _visit(self, node: Any) -> Iterator[pytest.Item]:
        if isinstance(node, (pytest.Session, pytest.Directory)):
            yield from self._descend(node)
        else:
            self._remember(node)

    def _descend(self, node: Any) -> Iterator[pytest.Item]:
        report, is_duplicate = self._session._collect_one_node(node, True)
        if report.passed:
            for child in report.result:
                yield from self._visit(child)
        if not is_duplicate:
            node.ihook.pytest_collectreport(report=report)

    def _remember(self, node: pytest.Item | pytest.Collector) -> None:
        path = os.path.relpath(node.path, self._root).replace(os.sep, "/")
        collector = type(node).__name__
        ordinal = 0
        while (path, collector, ordinal) in self.nodes:
            ordinal += 1
        self.nodes[(path, collector, ordinal)] = node


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
