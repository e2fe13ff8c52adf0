"""The one selector language, against a matcher too simple to be wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.planning.patterns import (
    can_complete,
    has_wildcard,
    matches,
    nearest,
    translate,
    widened,
)

#: (pattern, text, answer)
TABLE = [
    ("*", "", True),
    ("*", "a/b.py::test_x[1]", True),
    ("*user*", "suites/user_isolation", True),
    ("user", "suites/user_isolation", True),
    ("user", "suites/USER", False),
    ("test_?.py", "test_a.py", True),
    ("test_?.py", "test_ab.py", False),
    ("test_*.py", "tests/test_a.py", False),
    ("*test_*.py", "tests/test_a.py", True),
    ("tests/*", "tests/a/b/test_c.py", True),
    ("[ab]", "a", False),
    ("[ab]", "test_x[ab]", True),
    ("test_x[*]", "test_x[a-b]", True),
    (".", "ab", False),
    ("a*b*c", "a1b2c", True),
    ("a*b*c", "a1c2b", False),
    ("", "anything", True),
    ("a*\n", "a\n", True),
    ("*a", "a\n", False),
]


@pytest.mark.parametrize(("pattern", "text", "answer"), TABLE)
def test_r7_the_table(pattern: str, text: str, answer: Any) -> None:
    assert matches(pattern, text) is answer


def naive(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return naive(pattern[1:], text) or (bool(text) and naive(pattern, text[1:]))
    return bool(text) and pattern[0] in {"?", text[0]} and naive(pattern[1:], text[1:])


globs = st.text(alphabet="ab*?[].:", max_size=8)
texts = st.text(alphabet="ab[].:\n", max_size=8)


@given(pattern=globs, text=texts)
def test_r9_agrees_with_the_naive_matcher(pattern: str, text: str) -> None:
    full = pattern if has_wildcard(pattern) else f"*{pattern}*"
    assert matches(pattern, text) == naive(full, text)


@given(pattern=st.text(), text=st.text())
def test_r9_no_pattern_crashes_and_all_ways_to_apply_it_agree(pattern: str, text: str) -> None:
    compiled = re.compile(translate(pattern))
    answers = {bool(ask(text)) for ask in (compiled.search, compiled.match, compiled.fullmatch)}
    assert len(answers) == 1
    nearest(pattern, [text])


@given(text=st.text())
def test_a_star_matches_all_and_a_literal_itself(text: str) -> None:
    assert matches("*", text)
    if not has_wildcard(text):
        assert matches(text, text)
        assert matches(text, f"<{text}>")


@given(pattern=globs, prefix=texts, rest=texts)
def test_what_matches_is_never_said_to_be_impossible(pattern: str, prefix: Any, rest: Any) -> None:
    full = widened(pattern)
    if matches(full, prefix + rest):
        assert can_complete(pattern, prefix, "")
    if matches(full, f"{prefix}{rest}]"):
        assert can_complete(pattern, prefix, "]")


@given(pattern=globs, prefix=texts)
def test_what_is_said_to_be_possible_has_a_witness(pattern: str, prefix: Any) -> None:
    # The rest of the pattern itself, with its wildcards filled in, is such a text.
    if can_complete(pattern, prefix, ""):
        full = widened(pattern)
        rests = (full[at:].replace("*", "").replace("?", "a") for at in range(len(full) + 1))
        assert any(matches(full, prefix + rest) for rest in rests)


def test_many_stars_take_no_exponential_time() -> None:
    assert not matches("*a" * 40 + "b", "a" * 2000)


def test_translations_can_be_joined() -> None:
    joined = "|".join(translate(pattern) for pattern in ("*a*b*c", "*a*c*b"))
    assert re.search(joined, "a1c2b")


NEAREST = [
    ("*user_isolaton*", ["orders", "user_isolation"], ["user_isolation"]),
    ("ORDER", ["orders", "users"], ["orders"]),
    ("*", ["orders"], []),
    ("zzz", ["orders"], []),
]


@pytest.mark.parametrize(("pattern", "names", "expected"), NEAREST)
def test_near_misses(pattern: str, names: Any, expected: Any) -> None:
    assert nearest(pattern, names) == expected
