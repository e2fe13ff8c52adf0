"""Files of one basename: the same verdicts as plain pytest's, whichever worker gets which file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Project

    Make = Callable[..., Project]

TEST = "def test_one(): pass\n"
FILES = {f"{name}/test_same.py": TEST for name in ("a", "b", "c")}
PASSING = {"a/test_same.py::test_one": "passed"}


@pytest.mark.parametrize("mode", ["prepend", "append"])
@pytest.mark.parametrize("workers", ["1", "2", "3"])
def test_only_the_first_file_of_a_name_can_be_imported(
    project: Make, workers: str, mode: str
) -> None:
    made = project(FILES)
    result = made.run("-n", workers, "--", f"--import-mode={mode}")
    errors = {"b/test_same.py": "error", "c/test_same.py": "error"}
    assert result.outcomes == {**PASSING, **errors}
    assert "import file mismatch" in result.stdout
    said = made.pytest(f"--import-mode={mode}").stdout
    assert all(f"ERROR {nodeid}" in said for nodeid in errors), said


@pytest.mark.parametrize(
    ("files", "argv"),
    [
        ({f"{name}/__init__.py": "" for name in "abc"}, ()),
        ({}, ("--", "--import-mode=importlib")),
    ],
    ids=["packages", "importlib"],
)
def test_names_that_differ_are_no_matter(
    project: Make, files: dict[str, str], argv: tuple[str, ...]
) -> None:
    result = project({**FILES, **files}).run("-n", "2", *argv)
    assert result.counts == {"passed": 3}, result


def test_packages_of_one_name_in_two_folders_are_one_package(project: Make) -> None:
    files = {f"{name}/pkg/__init__.py": "" for name in "ab"}
    made = project({**files, "a/pkg/test_same.py": TEST, "b/pkg/test_same.py": TEST})
    result = made.run("-n", "2")
    assert result.outcomes == {
        "a/pkg/test_same.py::test_one": "passed",
        "b/pkg/test_same.py": "error",
    }
    assert "ERROR b/pkg/test_same.py" in made.pytest().stdout


def test_a_file_that_was_not_selected_owns_no_name(project: Make) -> None:
    made = project(FILES)
    result = made.run("b/test_same.py", "-n", "2")
    assert result.outcomes == {"b/test_same.py::test_one": "passed"}
    result = made.run("--test-pattern", "c/*", "-n", "2")
    assert result.outcomes == {"c/test_same.py::test_one": "passed"}
