"""Which node ids a test file may have, read from its syntax tree; nothing is imported.

The answer for a glob is one of three, and *cannot tell* is the honest one wherever code may
make names as it runs. Two things are believed: an ordinary decorator does not rename what it
decorates, and an imported class is a test class only if its name looks like one (it matches
`python_classes`, or contains "Test" or "Case").
"""

from __future__ import annotations

import ast
import enum
import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.planning.patterns import can_complete, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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

    It may be followed by `[parameters]`; where `is_open`, by anything.
    """

    text: str
    is_open: bool = False


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
    parametrised = can_complete(pattern, f"{name.text}[", "]")
    return Answer.CANNOT_TELL if parametrised else Answer.CANNOT_MATCH


def _may_be(bare: str, nodeid: str, name: NodeName) -> bool:
    if name.text.startswith(f"{bare}::") or name.text == bare:
        return True
    return name.is_open and nodeid.startswith(name.text)


def index_names(source: bytes, path: str, ini: PytestIni) -> NameIndex:
    """Return the names in `source`, the content of the file at `path`.

    A file that is no Python this interpreter understands may have any name.
    """
    everything = NodeName(text=f"{path}::", is_open=True)
    if not path.endswith(".py"):
        return NameIndex(path=path, names=(everything,))
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return NameIndex(path=path, names=(everything,))
    scope = _Reader(ini=ini, classes=_classes(module.body))
    scope.read(module.body, f"{path}::")
    return NameIndex(path=path, names=tuple(dict.fromkeys(scope.found)))


#: Decorators that make further tests beside, or instead of, what they decorate.
_GENERATORS = frozenset(
    {
        "data",
        "ddt",
        "expand",
        "file_data",
        "named_parameters",
        "named_product",
        "parameterized",
        "parameterized_class",
        "parameters",
        "product",
    }
)
_PLAIN_CLASS_DECORATORS = frozenset(
    {
        "dataclass",
        "define",
        "final",
        "frozen",
        "patch",
        "skip",
        "skipIf",
        "skipUnless",
        "unique",
        "usefixtures",
    }
)
_MAKERS = frozenset({"globals", "locals", "vars", "exec", "setattr"})


@dataclass(slots=True)
class _Reader:
    """Reads one module. `classes` are those of its top level, by name."""

    ini: PytestIni
    classes: dict[str, ast.ClassDef]
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
        if any(_last_name(each) in _GENERATORS for each in node.decorator_list):
            self._add(prefix, is_open=True)
        if _is_named(node.name, self.ini.python_functions):
            self._add(prefix + node.name)

    def _class(self, node: ast.ClassDef, prefix: str) -> None:
        own = f"{prefix}{node.name}::"
        decorators = {_last_name(each) for each in node.decorator_list}
        if decorators & _GENERATORS:
            self._add(prefix, is_open=True)
        marker = _test_marker(node)
        if marker is False:
            return
        lineage, is_whole = self._lineage(node)
        is_plain = all(_is_mark(each) for each in node.decorator_list) and not node.keywords
        is_wanted = _is_named(node.name, self.ini.python_classes)
        if not is_whole or not is_plain or marker is not None:
            # Its base may be a unittest.TestCase: then its own name does not matter.
            self._add(own, is_open=True)
            is_wanted = True
        if is_wanted:
            for each in lineage:
                self.read(each.body, own)

    def _lineage(self, node: ast.ClassDef) -> tuple[list[ast.ClassDef], bool]:
        """Return the class with its bases in this file, and whether these are all it has."""
        found: dict[str, ast.ClassDef] = {node.name: node}
        waiting, is_whole = list(node.bases), True
        while waiting:
            base = waiting.pop()
            known = self.classes.get(base.id) if isinstance(base, ast.Name) else None
            if known is None:
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
        if _is_named(name, self.ini.python_functions):
            self._add(prefix + name)
        looks_like_one = is_imported and name[:1].isupper() and ("Test" in name or "Case" in name)
        if looks_like_one or _is_named(name, self.ini.python_classes):
            self._add(f"{prefix}{name}::", is_open=True)

    def _statement(self, node: ast.stmt, prefix: str) -> None:
        for target in _targets(node):
            if isinstance(target, ast.Name):
                self._bound(target.id, prefix, is_imported=False)
            elif isinstance(target, ast.Attribute) and _may_name_a_test(target.attr):
                self._add(prefix, is_open=True)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and _makes_names(child):
                self._add(prefix, is_open=True)
        for block in _blocks(node):
            self.read(block, prefix)


def _classes(body: Iterable[ast.stmt]) -> dict[str, ast.ClassDef]:
    found: dict[str, ast.ClassDef] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            # Defined twice: which one a base means depends on the order; the latter is kept.
            found[statement.name] = statement
        for block in _blocks(statement):
            found.update(_classes(block))
    return found


def _blocks(node: ast.stmt) -> list[list[ast.stmt]]:
    """Return the bodies of a compound statement that is no definition."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return []
    found = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
    found += [handler.body for handler in getattr(node, "handlers", [])]
    found += [case.body for case in getattr(node, "cases", [])]
    return [block for block in found if block]


def _targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        flat: list[ast.expr] = []
        for target in node.targets:
            flat.extend(target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target])
        return flat
    if isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor)):
        return [node.target]
    return []


def _may_name_a_test(attribute: str) -> bool:
    return attribute == "__test__" or attribute.casefold().startswith("test")


def _makes_names(node: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Call) and _last_name(each) in _MAKERS
        for each in ast.walk(node)
        if not isinstance(each, ast.Lambda)
    )


def _last_name(node: ast.expr) -> str:
    """Return `c` of `a.b.c`, `c(…)` and `a.c(…)`; nothing for any other expression."""
    while isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_mark(node: ast.expr) -> bool:
    """Whether a decorator of a class leaves its tests as they are."""
    if _last_name(node) in _PLAIN_CLASS_DECORATORS:
        return True
    text = ast.unparse(node)
    return text.startswith(("pytest.mark.", "mark.", "pytest.mark"))


def _test_marker(node: ast.ClassDef) -> bool | None:
    """Return what the class says of itself by `__test__`; None where it says nothing."""
    for statement in node.body:
        for target in _targets(statement):
            if isinstance(target, ast.Name) and target.id == "__test__":
                value = getattr(statement, "value", None)
                is_false = isinstance(value, ast.Constant) and value.value is False
                return not is_false
    return None


def _is_named(name: str, patterns: Iterable[str]) -> bool:
    """Whether pytest takes `name` for a test: by prefix, or by glob where one is written."""
    return any(
        name.startswith(pattern)
        or (any(char in pattern for char in "*?[") and fnmatch.fnmatchcase(name, pattern))
        for pattern in patterns
    )
