"""Questions to a syntax tree that decide what pytest may make of it. Nothing is imported."""

from __future__ import annotations

import ast
import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Decorators that make further tests beside, or instead of, what they decorate.
GENERATORS = frozenset(
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
#: Imported decorators known to give no parameters; of others nobody can tell.
_PLAIN_DECORATORS = frozenset(
    {
        "asyncio",
        "classmethod",
        "example",
        "fixture",
        "freeze_time",
        "given",
        "object",
        "override",
        "patch",
        "seed",
        "settings",
        "skip",
        "skipIf",
        "skipUnless",
        "staticmethod",
        "wraps",
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


def classes(body: Iterable[ast.stmt]) -> dict[str, ast.ClassDef]:
    """Return the classes defined in `body`, by name, those in `if` and `try` included."""
    found: dict[str, ast.ClassDef] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            # Defined twice: which one a base means depends on the order; the latter is kept.
            found[statement.name] = statement
        for block in blocks(statement):
            found.update(classes(block))
    return found


def blocks(node: ast.stmt) -> list[list[ast.stmt]]:
    """Return the bodies of a compound statement that is no definition."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return []
    found = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
    found += [handler.body for handler in getattr(node, "handlers", [])]
    found += [case.body for case in getattr(node, "cases", [])]
    return [block for block in found if block]


def targets(node: ast.stmt) -> list[ast.expr]:
    """Return what a statement assigns to."""
    if isinstance(node, ast.Assign):
        flat: list[ast.expr] = []
        for target in node.targets:
            flat.extend(target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target])
        return flat
    if isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor)):
        return [node.target]
    return []


def may_name_a_test(attribute: str) -> bool:
    """Whether setting this attribute of something may make it, or add, a test."""
    return attribute == "__test__" or attribute.casefold().startswith("test")


def makes_names(node: ast.expr) -> bool:
    """Whether an expression may bind names that are not written in the file."""
    return any(
        isinstance(each, ast.Call) and last_name(each) in _MAKERS
        for each in ast.walk(node)
        if not isinstance(each, ast.Lambda)
    )


def last_name(node: ast.expr) -> str:
    """Return `c` of `a.b.c`, `c(…)` and `a.c(…)`; nothing for any other expression."""
    while isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def keeps_id(node: ast.expr) -> bool:
    """Whether a decorator surely gives no parameters."""
    chain = dotted(node)
    if any("param" in part.casefold() for part in chain) or chain[-1:] == ("anyio",):
        return False
    return chain[:1] in {("pytest",), ("mark",)} or any(part in _PLAIN_DECORATORS for part in chain)


def dotted(node: ast.expr) -> tuple[str, ...]:
    """Return `a`, `b`, `c` of `a.b.c` and of `a.b.c(…)`."""
    parts: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return ("?", *reversed(parts))
    return (node.id, *reversed(parts))


def assigns_parameters(body: Sequence[ast.stmt]) -> bool:
    """Whether a mark with parameters is given a name, e.g. `pytestmark`, outside functions."""
    for node in body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            names = (each.attr for each in ast.walk(node.value) if isinstance(each, ast.Attribute))
            if any("param" in name for name in names):
                return True
        inner = [node.body] if isinstance(node, ast.ClassDef) else blocks(node)
        if any(assigns_parameters(each) for each in inner):
            return True
    return False


def is_mark(node: ast.expr) -> bool:
    """Whether a decorator of a class leaves its tests as they are."""
    chain = dotted(node)
    return chain[-1] in _PLAIN_CLASS_DECORATORS or chain[0] == "mark" or chain[1:2] == ("mark",)


def test_marker(node: ast.ClassDef) -> bool | None:
    """Return what the class says of itself by `__test__`; None where it says nothing."""
    for statement in node.body:
        for target in targets(statement):
            if isinstance(target, ast.Name) and target.id == "__test__":
                value = getattr(statement, "value", None)
                is_false = isinstance(value, ast.Constant) and value.value is False
                return not is_false
    return None


def is_named(name: str, patterns: Iterable[str]) -> bool:
    """Whether pytest takes `name` for a test: by prefix, or by glob where one is written."""
    return any(
        name.startswith(pattern)
        or (any(char in pattern for char in "*?[") and fnmatch.fnmatchcase(name, pattern))
        for pattern in patterns
    )


def outside_of_bodies(source: str) -> str:
    """Return what of a module's text can hold parameters: all but the bodies of functions.

    Decorators, defaults, and whatever stands at the level of the module or of a class. Text
    that is no Python is returned whole.
    """
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    lines = source.splitlines()
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first, last = node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(lines)
