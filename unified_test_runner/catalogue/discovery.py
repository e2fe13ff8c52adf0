"""Where the project root and its catalogue are. Working directory and environment are passed in."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unified_test_runner.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLE = "UTR_CATALOGUE"
OPTION = "--catalogue"
USUAL_PATH = "config/catalogue.yaml"
_PROJECT_MARKS = ("pyproject.toml", ".git")
_TABLE = "unified-test-runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueChoice:
    """A catalogue's absolute path, and what named it (an option, a variable, a file)."""

    path: Path
    source: str


def find_root(cwd: Path) -> Path:
    """Return the nearest of `cwd` and its ancestors with a pyproject.toml or a .git.

    Raises:
        UsageError: none of them has either.
    """
    for folder in (cwd, *cwd.parents):
        if any((folder / mark).exists() for mark in _PROJECT_MARKS):
            return folder
    hint = "a project root has a pyproject.toml or a .git; change into one"
    raise UsageError(f"neither '{cwd}' nor a folder above it is a project root", hint=hint)


def find_catalogue(
    *, cwd: Path, root: Path, environ: Mapping[str, str], option: str | None = None
) -> CatalogueChoice | None:
    """Return the catalogue of the project, or None where it has none.

    The first that says something wins: the option, the variable `UTR_CATALOGUE`, the table
    `[tool.unified-test-runner]` of pyproject.toml, then `config/catalogue.yaml` from `cwd`
    upwards to `root`.

    Raises:
        UsageError: what is named explicitly does not exist, or pyproject.toml is no TOML.
    """
    if option is not None:
        return _named(cwd, option, OPTION)
    if value := environ.get(VARIABLE):
        return _named(cwd, value, VARIABLE)
    if (value := _from_pyproject(root)) is not None:
        return _named(root, value, f"pyproject.toml [tool.{_TABLE}]")
    for folder in (cwd, *cwd.parents):
        if (folder / USUAL_PATH).exists():
            return CatalogueChoice(path=folder / USUAL_PATH, source=USUAL_PATH)
        if folder == root:
            break
    return None


def read_toml(path: Path) -> dict[str, Any]:
    """Return the TOML file at `path`; empty where there is none.

    Raises:
        UsageError: it cannot be read, or is no TOML; the message has the place.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # covers TOMLDecodeError and UnicodeDecodeError
        raise UsageError(f"{path}: not TOML: {error}") from error


def _named(folder: Path, value: str, source: str) -> CatalogueChoice:
    path = folder / value
    if not value or not path.exists():
        raise UsageError(f"{source}: there is no catalogue '{value}'", hint=f"looked at {path}")
    return CatalogueChoice(path=path, source=source)


def _from_pyproject(root: Path) -> str | None:
    tool = read_toml(root / "pyproject.toml").get("tool")
    table = tool.get(_TABLE) if isinstance(tool, dict) else None
    value = table.get("catalogue") if isinstance(table, dict) else None
    if value is not None and not isinstance(value, str):
        raise UsageError(f"pyproject.toml: 'catalogue' in [tool.{_TABLE}] wants text")
    return value
