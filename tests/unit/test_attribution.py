from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.attribution import UnmetSelector, compile_pattern, unmet_selectors
from unified_test_runner.model import WithheldSuite

TEXT = st.text("ab*?[]/.\n", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "text", "is_match"),
    [
        ("*user*", "suites/user_isolation/test_a.py", True),
        ("user", "suites/user_isolation/test_a.py", True),
        ("suites/*.py", "suites/x/y/test_a.py", True),
        ("test_?", "test_a", True),
        ("test_?", "test_ab", False),
        ("t[a]", "x::t[a]", True),
        ("t[a]*", "ta", False),
        ("User", "user", False),
        ("", "anything", True),
    ],
)
def test_patterns(pattern, text, is_match):
    assert (compile_pattern(pattern).fullmatch(text) is not None) is is_match


@given(TEXT, TEXT)
def test_r9_patterns_agree_with_a_reference(pattern, text):
    wanted = pattern if set(pattern) & set("*?") else f"*{pattern}*"
    reference = fnmatch.fnmatchcase(text, wanted.replace("[", "[[]"))
    assert (compile_pattern(pattern).fullmatch(text) is not None) is reference


@pytest.mark.parametrize(
    ("selector", "flags"),
    [
        (("--suite", "shop"), ("--real-services",)),
        (("--category", "e2e"), ("--real-services",)),
        (("--test-pattern", "*sho*"), ("--real-services",)),
        (("PATH", "suites/shop"), ("--real-services",)),
        (("--suite", "other"), ()),
    ],
)
def test_what_was_withheld_is_named_with_its_flag(selector, flags):
    suite = WithheldSuite(name="shop", files=1, flag="--real-services", category="e2e")
    option, value = selector
    expected = UnmetSelector(option=option, value=value, flags=flags)
    assert unmet_selectors([selector], list, [suite]) == (expected,)


def test_selectors_are_told_as_they_were_written():
    assert str(UnmetSelector(option="PATH", value="a.py")) == "a.py led to no executed test"
    assert str(UnmetSelector(option="--suite", value="s")) == "--suite s led to no executed test"
