"""Files that must run on one worker, in order: by their suite's wish or by `xdist_group` marks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from unified_test_runner.planning.syntax import last_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK = "xdist_group"
#: What pytest-xdist calls a group without a name.
_UNNAMED = "default"
#: Names that are made at run time: they may be the same, so they are taken for the same.
_UNKNOWN = "?"


def group_names(source: bytes) -> frozenset[str]:
    """Return the names in the `xdist_group` marks of a module; no module that has none is parsed.

    Marks that are added while tests are collected cannot be seen here.
    """
    if _MARK.encode() not in source:
        return frozenset()
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    found = {_name(call) for call in calls if last_name(call.func) == _MARK}
    called = {id(call.func) for call in calls}
    bare = any(
        isinstance(node, ast.Attribute) and node.attr == _MARK and id(node) not in called
        for node in ast.walk(module)
    )
    return frozenset(found | {_UNNAMED} if bare else found)


def _name(call: ast.Call) -> str:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "name"]
    values = [*call.args[:1], *named]
    if not values:
        return _UNKNOWN if call.keywords else _UNNAMED
    value = values[0]
    is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return value.value if is_text else _UNKNOWN  # type: ignore[attr-defined]


def bundles(labels: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Return the bundle of each path that has one.

    Args:
        labels: what each path is labelled with; paths with a label in common belong together,
            and so do those that others connect.
    """
    parent: dict[str, str] = {}

    def root(label: str) -> str:
        while parent.setdefault(label, label) != label:
            label = parent[label]
        return label

    for found in labels.values():
        for one, other in zip(sorted(found), sorted(found)[1:], strict=False):
            parent[root(other)] = root(one)
    return {path: root(min(found)) for path, found in labels.items() if found}
