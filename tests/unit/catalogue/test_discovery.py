from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from unified_test_runner.catalogue.discovery import CatalogueChoice, find_catalogue, find_root
from unified_test_runner.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("mark", ["pyproject.toml", ".git/HEAD", ".git"])
def test_r26_the_root_is_found_from_any_directory_below(project: Any, mark: str) -> None:
    project.write(mark)
    project.write("a/b/c/x")
    assert find_root(project.root / "a/b/c") == project.root
    assert find_root(project.root) == project.root


def test_the_nearest_root_wins(project: Any) -> None:
    project.write(".git")
    project.write("packages/one/pyproject.toml")
    assert find_root(project.root / "packages/one") == project.root / "packages/one"
    assert find_root(project.root / "packages") == project.root


def test_a_directory_in_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nor a folder above it is a project root \(hint: "):
        find_root(tmp_path)


TOML = "[tool.unified-test-runner]\ncatalogue = 'toml.yaml'\n"

#: (option, variable, files) → (path, source)
WINNERS = [
    (None, None, [], None),
    (None, None, ["config/catalogue.yaml"], ("config/catalogue.yaml", "config/catalogue.yaml")),
    (None, None, ["config/catalogue.yaml", "a/config/catalogue.yaml"],
     ("a/config/catalogue.yaml", "config/catalogue.yaml")),
    (None, None, ["config/catalogue.yaml", "pyproject.toml", "toml.yaml"],
     ("toml.yaml", "pyproject.toml [tool.unified-test-runner]")),
    (None, "v.yaml", ["a/b/v.yaml", "pyproject.toml", "toml.yaml"],
     ("a/b/v.yaml", "UTR_CATALOGUE")),
    (None, "", ["config/catalogue.yaml"], ("config/catalogue.yaml", "config/catalogue.yaml")),
    ("o.yaml", "v.yaml", ["a/b/v.yaml", "a/b/o.yaml", "config/catalogue.yaml"],
     ("a/b/o.yaml", "--catalogue")),
]  # fmt: skip


@pytest.mark.parametrize(("option", "variable", "files", "found"), WINNERS)
def test_which_catalogue_wins(
    project: Any, option: Any, variable: Any, files: Any, found: Any
) -> None:
    project.write("a/b/x")
    for name in files:
        project.write(name, TOML if name == "pyproject.toml" else "")
    environ = {} if variable is None else {"UTR_CATALOGUE": variable}
    choice = find_catalogue(
        cwd=project.root / "a/b", root=project.root, environ=environ, option=option
    )
    expected = found and CatalogueChoice(path=project.root / found[0], source=found[1])
    assert choice == expected


def test_the_search_ends_at_the_root(project: Any) -> None:
    project.write("config/catalogue.yaml")
    inner = project.write("inner/pyproject.toml").parent
    assert find_catalogue(cwd=inner, root=inner, environ={}) is None


MISSING = [("no.yaml", {}, "--catalogue"), (None, {"UTR_CATALOGUE": "no.yaml"}, "UTR_CATALOGUE"),
           (None, {}, r"pyproject\.toml \[tool"), ("", {}, "--catalogue")]  # fmt: skip


@pytest.mark.parametrize(("option", "environ", "source"), MISSING)
def test_what_is_named_must_exist(
    project: Any, option: Any, environ: dict[str, str], source: str
) -> None:
    project.write("pyproject.toml", TOML)
    with pytest.raises(UsageError, match=f"^{source}.*there is no catalogue"):
        find_catalogue(cwd=project.root, root=project.root, environ=environ, option=option)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a = = 1", "not TOML"), ("[tool.unified-test-runner]\ncatalogue = 3", "wants text")],
)
def test_a_pyproject_that_cannot_be_understood(project: Any, text: str, message: str) -> None:
    project.write("pyproject.toml", text)
    with pytest.raises(UsageError, match=message):
        find_catalogue(cwd=project.root, root=project.root, environ={})


@pytest.mark.parametrize("text", ["", "tool = 3", "[tool]\nunified-test-runner = 3"])
def test_a_pyproject_that_says_nothing(project: Any, text: str) -> None:
    project.write("pyproject.toml", text)
    assert find_catalogue(cwd=project.root, root=project.root, environ={}) is None
