"""Which node ids a test file may have, read from its syntax tree; nothing is imported.

The answer for a glob is one of three, and *cannot tell* is the honest one wherever code may
make names as it runs. Three things are believed: an ordinary decorator does not rename what it
decorates; an imported class is a test class only if its name looks like one (it matches
`python_classes`, or contains "Test" or "Case"); and a fixture of an installed plugin has no
parameters, AnyIO's excepted.
"""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.planning.patterns import can_complete, matches
from unified_test_runner.planning.syntax import (
    GENERATORS,
    assigns_parameters,
    blocks,
    classes,
    is_mark,
    is_named,
    keeps_id,
    last_name,
    makes_names,
    may_name_a_test,
    targets,
    test_marker,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unified_test_runner.planning.pytest_ini import PytestIni

    Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Answer(enum.Enum):
    """Whether a file has a node id that a glob matches."""

    MATCHES = "matches"
    CANNOT_MATCH = "cannot match"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeName:
    """A node id, as far as it is written in the file.

    Where `has_parameters`, it may be followed by `[parameters]`; where `is_open`, by anything.
    """

    text: str
    is_open: bool = False
    has_parameters: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NameIndex:
    """Every node id that a file may have."""

    path: str
    names: tuple[NodeName, ...]

    def answer(self, pattern: str) -> Answer:
        """Return whether `pattern`, a glob, matches one of the names."""
        answers = {_answer(pattern, name) for name in self.names}
        for answer in (Answer.MATCHES, Answer.CANNOT_TELL):
            if answer in answers:
                return answer
        return Answer.CANNOT_MATCH

    def may_have(self, nodeid: str) -> bool:
        """Whether the node id given by a user, of a class or a test, may exist."""
        bare = nodeid.partition("[")[0]
        return any(_may_be(bare, nodeid, name) for name in self.names)

    def known(self) -> list[str]:
        """Return the names without those that may be followed by anything."""
        return [name.text for name in self.names if not name.is_open]


def _answer(pattern: str, name: NodeName) -> Answer:
    if name.is_open:
        open_end = can_complete(pattern, name.text, "")
        return Answer.CANNOT_TELL if open_end else Answer.CANNOT_MATCH
    if matches(pattern, name.text):
        return Answer.MATCHES
    if name.has_parameters and can_complete(pattern, f"{name.text}[", "]"):
        return Answer.CANNOT_TELL
    return Answer.CANNOT_MATCH


def _may_be(bare: str, nodeid: str, name: NodeName) -> bool:
    if name.text.startswith(f"{bare}::") or name.text == bare:
        return True
    return name.is_open and nodeid.startswith(name.text)


def may_parametrise(source: bytes) -> bool:
    """Whether a conftest, or a test file, may give parameters to tests that show none."""
    return any(word in source for word in _PARAMETER_WORDS)


def index_names(
    source: bytes, path: str, ini: PytestIni, *, is_parametrised: bool = False
) -> NameIndex:
    """Return the names in `source`, the content of the file at `path`.

    A file that is no Python this interpreter understands may have any name.

    Args:
        source: the content of the file.
        path: its path from the root, with `/`.
        ini: what pytest takes for a test.
        is_parametrised: a conftest above it may give parameters to any test.
    """
    everything = NodeName(text=f"{path}::", is_open=True)
    if not path.endswith(".py"):
        return NameIndex(path=path, names=(everything,))
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return NameIndex(path=path, names=(everything,))
    wild = is_parametrised or may_parametrise(source) or assigns_parameters(module.body)
    scope = _Reader(ini=ini, classes=classes(module.body), has_parameters=wild)
    scope.read(module.body, f"{path}::")
    return NameIndex(path=path, names=tuple(dict.fromkeys(scope.found)))


#: Words of fixtures with parameters, of the hook that gives them, and of plugins that may.
_PARAMETER_WORDS = (
    b"params",
    b"pytest_generate_tests",
    b"pytest_plugins",
    b"import *",
    b"anyio",
)


@dataclass(slots=True)
class _Reader:
    """Reads one module. `classes` are those of its top level, by name.

    `has_parameters`: something out of sight may parametrise any test.
    """

    ini: PytestIni
    classes: dict[str, ast.ClassDef]
    has_parameters: bool
    found: list[NodeName] = field(default_factory=list)

    def read(self, body: Sequence[ast.stmt], prefix: str) -> None:
        for statement in body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._function(statement, prefix)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement, prefix)
            elif isinstance(statement, (ast.Import, ast.ImportFrom)):
                self._import(statement, prefix)
            else:
                self._statement(statement, prefix)

    def _add(self, text: str, *, is_open: bool = False) -> None:
        self.found.append(NodeName(text=text, is_open=is_open))

    def _function(self, node: Definition, prefix: str) -> None:
        if any(last_name(each) in GENERATORS for each in node.decorator_list):
            self._add(prefix, is_open=True)
        if is_named(node.name, self.ini.python_functions):
            self._add_test(prefix + node.name, node.decorator_list)

    def _add_test(self, text: str, decorators: Sequence[ast.expr]) -> None:
        visible = any(not keeps_id(each) for each in decorators)
        has_parameters = self.has_parameters or visible
        self.found.append(NodeName(text=text, has_parameters=has_parameters))

    def _class(self, node: ast.ClassDef, prefix: str) -> None:
        own = f"{prefix}{node.name}::"
        decorators = {last_name(each) for each in node.decorator_list}
        if decorators & GENERATORS:
            self._add(prefix, is_open=True)
        marker = test_marker(node)
        if marker is False:
            return
        lineage, is_whole = self._lineage(node)
        is_plain = all(is_mark(each) for each in node.decorator_list) and not node.keywords
        is_wanted = is_named(node.name, self.ini.python_classes)
        if not is_whole or not is_plain or marker is not None:
            # Its base may be a unittest.TestCase: then its own name does not matter.
            self._add(own, is_open=True)
            is_wanted = True
        if is_wanted:
            outer = self.has_parameters
            marks = [mark for each in lineage for mark in each.decorator_list]
            self.has_parameters = outer or any(not keeps_id(mark) for mark in marks)
            for each in lineage:
                self.read(each.body, own)
            self.has_parameters = outer

    def _lineage(self, node: ast.ClassDef) -> tuple[list[ast.ClassDef], bool]:
        """Return the class with its bases in this file, and whether these are all it has."""
        found: dict[str, ast.ClassDef] = {node.name: node}
        waiting, is_whole = list(node.bases), True
        while waiting:
            base = waiting.pop()
            known = self.classes.get(base.id) if isinstance(base, ast.Name) else None
            if known is None or known is node:  # `class A(A)` extends an A from elsewhere
                is_whole = is_whole and isinstance(base, ast.Name) and base.id == "object"
            elif known.name not in found:
                found[known.name] = known
                waiting.extend(known.bases)
        return list(found.values()), is_whole

    def _import(self, node: ast.Import | ast.ImportFrom, prefix: str) -> None:
        if isinstance(node, ast.Import):
            return
        for alias in node.names:
            name = alias.asname or alias.name
            if name == "*":
                self._add(prefix, is_open=True)
            else:
                self._bound(name, prefix, is_imported=True)

    def _bound(self, name: str, prefix: str, *, is_imported: bool) -> None:
        """Note a name that is bound to something unknown: a function, a class, neither."""
        if is_named(name, self.ini.python_functions):
            self.found.append(NodeName(text=prefix + name, has_parameters=True))
        looks_like_one = is_imported and name[:1].isupper() and ("Test" in name or "Case" in name)
        if looks_like_one or is_named(name, self.ini.python_classes):
            self._add(f"{prefix}{name}::", is_open=True)

    def _statement(self, node: ast.stmt, prefix: str) -> None:
        for target in targets(node):
            if isinstance(target, ast.Name):
                self._bound(target.id, prefix, is_imported=False)
            elif isinstance(target, ast.Attribute) and may_name_a_test(target.attr):
                self._add(prefix, is_open=True)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and makes_names(child):
                self._add(prefix, is_open=True)
        for block in blocks(node):
            self.read(block, prefix)
