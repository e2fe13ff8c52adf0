from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from unified_test_runner.planning.counting import count_tests
from unified_test_runner.planning.pytest_ini import PytestIni

FILES = [
    ("", 0),
    ("def test_a():\n    def test_inner(): ...\nasync def test_b(): ...\n", 2),
    ("class TestA:\n    def test_m(self): ...\n    async def test_n(self): ...\n", 2),
    ("class TestA:\n    x = 1\n\n    @mark\n    def test_m(self): ...\ndef test_b(): ...", 2),
    ("class Helper:\n    def test_m(self): ...\n", 0),
    ("class TestA:\n    def test_m(self): ...\n\nclass B:\n    def test_n(self): ...\n", 1),
    ("def helper():\n    def test_m(self): ...\n", 0),
    ("class TestA:\n\tdef test_m(self): ...\n", 1),
]


@pytest.mark.parametrize(("source", "count"), FILES)
def test_what_is_written_is_counted(source: str, count: Any) -> None:
    assert count_tests(dedent(source).encode(), PytestIni()) == count


def test_names_follow_pytests_settings() -> None:
    ini = PytestIni(python_functions=("it_*", "check"), python_classes=("Describe",))
    source = b"def it_works(): ...\ndef check(): ...\ndef test_a(): ...\n"
    source += b"class DescribeA:\n  def it_x(self): ...\n"
    assert count_tests(source, ini) == 3
