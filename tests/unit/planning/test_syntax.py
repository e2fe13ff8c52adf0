from __future__ import annotations

import ast
from typing import Any

import pytest

from unified_test_runner.planning import syntax


def expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


LAST = [("a", "a"), ("a.b.c", "c"), ("a(1)", "a"), ("a.b(1)(2)", "b"), ("a[0]", ""), ("3", "")]


@pytest.mark.parametrize(("source", "name"), LAST)
def test_the_last_name_of_an_expression(source: str, name: str) -> None:
    assert syntax.last_name(expression(source)) == name


DOTTED = [("a.b(1).c", ("a", "b", "c")), ("a", ("a",)), ("a[0].b", ("?", "b"))]


@pytest.mark.parametrize(("source", "parts"), DOTTED)
def test_the_parts_of_a_dotted_name(source: str, parts: Any) -> None:
    assert syntax.dotted(expression(source)) == parts


NAMED = [
    ("test_a", ("test",), True),
    ("testa", ("test",), True),
    ("a_test", ("test",), False),
    ("a_spec", ("*_spec",), True),
    ("specs", ("*_spec",), False),
    ("it", ("check", "it"), True),
]


@pytest.mark.parametrize(("name", "patterns", "answer"), NAMED)
def test_names_by_prefix_or_glob(name: str, patterns: Any, answer: Any) -> None:
    assert syntax.is_named(name, patterns) is answer


def test_blocks_of_a_statement() -> None:
    (statement,) = ast.parse("try:\n  a\nexcept E:\n  b\nelse:\n  c\nfinally:\n  d").body
    texts = [ast.unparse(block[0]) for block in syntax.blocks(statement)]
    assert sorted(texts) == ["a", "b", "c", "d"]
    (function,) = ast.parse("def f():\n  a").body
    assert syntax.blocks(function) == []
