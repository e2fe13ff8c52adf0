from __future__ import annotations

from typing import Any

import pytest

from unified_test_runner.errors import UsageError
from unified_test_runner.planning.arguments import Argument, relative_to_root, resolve_argument

#: (working directory, argument, path, node id)
GIVEN = [
    (".", "tests", "tests", ""),
    (".", "tests/", "tests", ""),
    (".", ".", ".", ""),
    ("tests", ".", "tests", ""),
    ("tests", "..", ".", ""),
    ("tests", "./test_a.py", "tests/test_a.py", ""),
    ("tests/deep", "../test_a.py::test_x", "tests/test_a.py", "tests/test_a.py::test_x"),
    (".", "tests/test_a.py::T::m[a/b::c]", "tests/test_a.py", "tests/test_a.py::T::m[a/b::c]"),
]


@pytest.mark.parametrize(("cwd", "given", "path", "nodeid"), GIVEN)
def test_r26_an_argument_from_any_directory(
    tree: Any, cwd: Any, given: Any, path: str, nodeid: Any
) -> None:
    tree.files("tests/test_a.py", "tests/deep/test_b.py")
    found = resolve_argument(given, root=tree.root, cwd=tree.root / cwd)
    assert found == Argument(given=given, path=path, nodeid=nodeid)
    assert found.name == (nodeid or path)


def test_an_absolute_path_is_an_argument_too(tree: Any) -> None:
    tree.files("tests/test_a.py")
    found = resolve_argument(str(tree.root / "tests"), root=tree.root, cwd=tree.root)
    assert found.path == "tests"


WRONG = [
    ("test", r"there is no 'test' in .* \(hint: did you mean 'tests'\?\)"),
    ("tests/test_aa.py", r"hint: did you mean 'test_a.py'\?"),
    ("nowhere/test_a.py", r"hint: there is no folder"),
    ("..", "lies outside of the project root"),
    ("tests::test_x", "names no test in a file"),
    ("tests/test_a.py::", "names no test in a file"),
    ("a\0b", "there is no"),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_an_argument_that_cannot_be_honoured(tree: Any, given: Any, message: str) -> None:
    tree.files("tests/test_a.py")
    with pytest.raises(UsageError, match=message):
        resolve_argument(given, root=tree.root, cwd=tree.root)


def test_a_root_reached_by_a_link_is_the_same_root(tree: Any) -> None:
    tree.files("real/tests/test_a.py")
    (tree.root / "link").symlink_to(tree.root / "real")
    assert relative_to_root(str(tree.root / "link/tests"), tree.root / "real") == "tests"
