"""Which of pytest's files is read, and what it says; compared with pytest's own reading."""

from __future__ import annotations

from typing import Any

import pytest

from unified_test_runner.errors import UsageError
from unified_test_runner.planning.pytest_ini import PytestIni, read_pytest_ini

#: (files, source, testpaths)
WINNERS = [
    ({}, None, ()),
    ({"pyproject.toml": "[project]\nname='x'"}, None, ()),
    ({"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['a', 'b c']"},
     "pyproject.toml", ("a", "b c")),
    ({"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = 'a b'"},
     "pyproject.toml", ("a", "b")),
    ({"pyproject.toml": "[tool.pytest]\ntestpaths = ['native']"}, "pyproject.toml", ("native",)),
    ({"pytest.ini": '[pytest]\ntestpaths = a "b c"\n', "tox.ini": "[pytest]\ntestpaths = t"},
     "pytest.ini", ("a", "b c")),
    ({"pytest.ini": "", "tox.ini": "[pytest]\ntestpaths = t"}, "pytest.ini", ()),
    ({".pytest.ini": "[pytest]\ntestpaths = hidden"}, ".pytest.ini", ("hidden",)),
    ({"pytest.toml": "[pytest]\ntestpaths = ['t']", "pytest.ini": "[pytest]\ntestpaths = i"},
     "pytest.toml", ("t",)),
    ({".pytest.toml": "[pytest]\ntestpaths = ['h']"}, ".pytest.toml", ("h",)),
    ({"tox.ini": "[tox]\n", "setup.cfg": "[tool:pytest]\ntestpaths =\n  a\n  b\n"},
     "setup.cfg", ("a", "b")),
    ({"tox.ini": "[pytest]\ntestpaths = t", "setup.cfg": "[tool:pytest]\ntestpaths = s"},
     "tox.ini", ("t",)),
    ({"setup.cfg": "[metadata]\nname = x\n"}, None, ()),
]  # fmt: skip


@pytest.mark.parametrize(("files", "source", "testpaths"), WINNERS)
def test_which_file_wins(tree: Any, files: Any, source: str, testpaths: Any) -> None:
    for name, text in files.items():
        tree.write(name, text)
    ini = read_pytest_ini(tree.root)
    assert (ini.source, ini.testpaths) == (source, testpaths)


def test_every_setting_is_read_and_the_rest_are_pytests_defaults(tree: Any) -> None:
    tree.write("pytest.ini", "[pytest]\npython_files = check_*.py\npython_functions = check it_*\n")
    ini = read_pytest_ini(tree.root)
    assert ini.python_files == ("check_*.py",)
    assert ini.python_functions == ("check", "it_*")
    assert ini.python_classes == ("Test",)
    assert ini.norecursedirs == PytestIni().norecursedirs


def test_the_defaults_are_those_of_the_installed_pytest(pytestconfig: Any) -> None:
    defaults = PytestIni()
    known = pytestconfig._parser._inidict
    for name in ("python_files", "python_classes", "python_functions", "norecursedirs"):
        assert list(getattr(defaults, name)) == list(known[name][-1] or []), name


BROKEN = [
    ("pyproject.toml", "a = = 1"),
    ("pytest.ini", "no section\n"),
    ("pytest.ini", '[pytest]\ntestpaths = "open\n'),
    ("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = 3"),
]


@pytest.mark.parametrize(("name", "text"), BROKEN)
def test_what_pytest_could_not_read_is_a_usage_error(tree: Any, name: str, text: str) -> None:
    tree.write(name, text)
    with pytest.raises(UsageError, match=name):
        read_pytest_ini(tree.root)
