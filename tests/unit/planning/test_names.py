"""What the static index says of a file: matches, cannot match, cannot tell."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from unified_test_runner.planning.names import Answer, NameIndex, index_names, may_parametrise
from unified_test_runner.planning.pytest_ini import PytestIni

YES, NO, OPEN = Answer.MATCHES, Answer.CANNOT_MATCH, Answer.CANNOT_TELL


def index(source: str, **settings: Any) -> NameIndex:
    ini = settings.pop("ini", PytestIni())
    return index_names(dedent(source).encode(), "t.py", ini, **settings)


def names(source: str, **settings: Any) -> list[str]:
    return [
        name.text + ("…" if name.is_open else "[]" if name.has_parameters else "")
        for name in index(source, **settings).names
    ]


#: (source, names: `…` open, `[]` perhaps parametrised)
FILES = [
    ("def test_a(): ...\nasync def test_b(): ...\ndef helper(): ...",
     ["t.py::test_a", "t.py::test_b"]),
    ("class TestA:\n  def test_m(self): ...\n  def helper(self): ...", ["t.py::TestA::test_m"]),
    ("class A:\n  def test_m(self): ...", []),
    ("class A(object):\n  def test_m(self): ...", []),
    ("class TestA:\n  class TestB:\n    def test_m(self): ...", ["t.py::TestA::TestB::test_m"]),
    ("class Base:\n  def test_m(self): ...\nclass TestA(Base): ...", ["t.py::TestA::test_m"]),
    ("class TestA(Other): ...", ["t.py::TestA::…"]),
    ("class Checks(unittest.TestCase):\n  def test_m(self): ...",
     ["t.py::Checks::…", "t.py::Checks::test_m"]),
    ("class Base(x.Y): ...\nclass A(Base): ...", ["t.py::Base::…", "t.py::A::…"]),
    ("class A(A): ...", ["t.py::A::…"]),
    ("class TestA(metaclass=M): ...", ["t.py::TestA::…"]),
    ("class TestA:\n  __test__ = False\n  def test_m(self): ...", []),
    ("class A:\n  __test__ = True\n  def test_m(self): ...", ["t.py::A::…", "t.py::A::test_m"]),
    ("if x:\n  def test_a(): ...\nelse:\n  def test_b(): ...", ["t.py::test_a", "t.py::test_b"]),
    ("try:\n  import x\nexcept E:\n  def test_a(): ...\nfinally:\n  def test_b(): ...",
     ["t.py::test_b", "t.py::test_a"]),
    ("match x:\n  case 1:\n    def test_a(): ...", ["t.py::test_a"]),
    ("@pytest.mark.parametrize('a', [1])\ndef test_a(a): ...", ["t.py::test_a[]"]),
    ("@pytest.mark.slow\n@mark.skipif(x)\ndef test_a(): ...", ["t.py::test_a"]),
    ("@pytest.mark.anyio\ndef test_a(): ...", ["t.py::test_a[]"]),
    ("@given(st.text())\n@settings(x=1)\ndef test_a(x): ...", ["t.py::test_a"]),
    ("@unknown\ndef test_a(): ...", ["t.py::test_a[]"]),
    ("@table[0]\ndef test_a(): ...", ["t.py::test_a[]"]),
    ("@mark.parametrize('a', [1])\nclass TestA:\n  def test_m(self, a): ...\ndef test_b(): ...",
     ["t.py::TestA::test_m[]", "t.py::test_b"]),
    ("pytestmark = pytest.mark.parametrize('a', [1])\ndef test_a(a): ...", ["t.py::test_a[]"]),
    ("pytestmark = [pytest.mark.asyncio]\ndef test_a(): ...", ["t.py::test_a"]),
    ("@pytest.fixture(params=[1])\ndef f(): ...\ndef test_a(f): ...", ["t.py::test_a[]"]),
    ("def pytest_generate_tests(metafunc): ...\ndef test_a(): ...", ["t.py::test_a[]"]),
    ("from x import *", ["t.py::…"]),
    ("from x import test_a, helper, Product", ["t.py::test_a[]"]),
    ("from x import TestA, BaseTestCase, Foo as TestB",
     ["t.py::TestA::…", "t.py::BaseTestCase::…", "t.py::TestB::…"]),
    ("import test_x", []),
    ("test_a = make()", ["t.py::test_a[]"]),
    ("test_a, (b) = make()", ["t.py::test_a[]"]),
    ("TestA = type('TestA', (), {})", ["t.py::TestA::…"]),
    ("for x in y:\n  globals()[f'test_{x}'] = f", ["t.py::…"]),
    ("globals().update(x)", ["t.py::…"]),
    ("setattr(TestA, 'test_x', f)", ["t.py::…"]),
    ("Foo.test_x = f", ["t.py::…"]),
    ("@parameterized.expand([1])\ndef test_a(): ...", ["t.py::…", "t.py::test_a[]"]),
    ("class TestA:\n  @parameterized.expand([1])\n  def test_a(self): ...",
     ["t.py::TestA::…", "t.py::TestA::test_a[]"]),
    ("@ddt\nclass TestA:\n  def test_a(self): ...",
     ["t.py::…", "t.py::TestA::…", "t.py::TestA::test_a[]"]),
    ("def test_a(:", ["t.py::…"]),
    ("\0", ["t.py::…"]),
    ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), FILES)
def test_the_names_of_a_file(source: str, expected: Any) -> None:
    assert names(source) == expected


def test_what_is_no_python_may_have_any_name() -> None:
    assert index_names(b"x", "a.txt", PytestIni()).answer("*q*") is OPEN


def test_the_names_follow_pytests_settings() -> None:
    ini = PytestIni(python_functions=("check", "*_spec"), python_classes=("Describe",))
    source = "def check_a(): ...\ndef a_spec(): ...\ndef test_a(): ...\n"
    source += "class DescribeX:\n  def check(self): ..."
    expected = ["t.py::check_a", "t.py::a_spec", "t.py::DescribeX::check"]
    assert names(source, ini=ini) == expected


def test_a_conftest_may_parametrise_everything() -> None:
    assert names("def test_a(): ...", is_parametrised=True) == ["t.py::test_a[]"]
    assert may_parametrise(b"@pytest.fixture(params=[1])")
    assert may_parametrise(b"pytest_plugins = ['x']")
    assert not may_parametrise(b"@pytest.fixture\ndef db(): ...")


PARAMETRISED = "@pytest.mark.parametrize('a', 'xy')\ndef test_a(a): ..."

#: (source, pattern, answer)
ANSWERS = [
    ("def test_a(): ...", "*test_a*", YES),
    ("def test_a(): ...", "*::test_a", YES),
    ("def test_a(): ...", "*test_b*", NO),
    ("def test_a(): ...", "*TEST_A*", NO),
    ("def test_a(): ...", "*test_a[*", NO),
    (PARAMETRISED, "*test_a*", YES),
    (PARAMETRISED, "*test_a[x]", OPEN),
    (PARAMETRISED, "*[x]*", OPEN),
    (PARAMETRISED, "t.py::test_a?x]", OPEN),
    (PARAMETRISED, "t.py::test_a?x", NO),
    (PARAMETRISED, "t.py::test_b*", NO),
    ("from x import *", "*anything*", OPEN),
    ("from x import *", "u.py*", NO),
    ("class TestA(Other): ...", "*TestA*", OPEN),
    ("class TestA(Other): ...", "t.py::TestB*", NO),
]


@pytest.mark.parametrize(("source", "pattern", "answer"), ANSWERS)
def test_the_answer_for_a_glob(source: str, pattern: str, answer: Any) -> None:
    assert index(source).answer(pattern) is answer


CLASS = "class TestA:\n  def test_m(self): ...\n"

#: (source, node id, answer)
IDS = [
    (CLASS, "t.py::TestA", True),
    (CLASS, "t.py::TestA::test_m", True),
    (CLASS, "t.py::TestA::test_x", False),
    (CLASS, "t.py::Test", False),
    (PARAMETRISED, "t.py::test_a[x]", True),
    ("def test_a(f): ...", "t.py::test_a[x]", True),
    ("from x import *", "t.py::test_q", True),
    ("class TestA(Other): ...", "t.py::TestA", True),
    ("class TestA(Other): ...", "t.py::TestA::test_q", True),
    ("class TestA(Other): ...", "t.py::TestB", False),
]


@pytest.mark.parametrize(("source", "nodeid", "answer"), IDS)
def test_whether_a_node_id_may_exist(source: str, nodeid: Any, answer: Any) -> None:
    assert index(source).may_have(nodeid) is answer
