"""What pytest would read from the project root: where it looks for tests, what it calls one."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unified_test_runner.catalogue.discovery import read_toml
from unified_test_runner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Section = Mapping[str, Any]

#: pytest's own defaults.
_DEFAULTS: dict[str, tuple[str, ...]] = {
    "testpaths": (),
    "python_files": ("test_*.py", "*_test.py"),
    "python_classes": ("Test",),
    "python_functions": ("test",),
    "norecursedirs": (
        "*.egg",
        ".*",
        "_darcs",
        "build",
        "CVS",
        "dist",
        "node_modules",
        "venv",
        "{arch}",
    ),
    "addopts": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestIni:
    """The settings of pytest that decide which files and names are tests, and its `addopts`.

    `source` is the file they come from; None: pytest's defaults.
    """

    testpaths: tuple[str, ...] = _DEFAULTS["testpaths"]
    python_files: tuple[str, ...] = _DEFAULTS["python_files"]
    python_classes: tuple[str, ...] = _DEFAULTS["python_classes"]
    python_functions: tuple[str, ...] = _DEFAULTS["python_functions"]
    norecursedirs: tuple[str, ...] = _DEFAULTS["norecursedirs"]
    addopts: tuple[str, ...] = _DEFAULTS["addopts"]
    source: str | None = None


def read_pytest_ini(root: Path) -> PytestIni:
    """Return what pytest's configuration at `root` says, from the first file that has any.

    Raises:
        UsageError: a file that pytest would read cannot be read.
    """
    for name, read in _READERS:
        if (root / name).is_file():
            section = read(root / name)
            if section is not None:
                return _from_section(section, root / name)
    return PytestIni()


def _from_section(section: Section, path: Path) -> PytestIni:
    given = {
        key: _words(section[key], key, path) for key in _DEFAULTS if section.get(key) is not None
    }
    return PytestIni(**given, source=path.name)


def _words(value: Any, key: str, path: Path) -> tuple[str, ...]:
    try:
        words = shlex.split(value) if isinstance(value, str) else list(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: '{key}' cannot be read: {error}") from error
    return tuple(str(word) for word in words)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _pytest_toml(path: Path) -> Section:
    return _table(read_toml(path).get("pytest"))


def _pyproject(path: Path) -> Section | None:
    tool = _table(_table(read_toml(path).get("tool")).get("pytest"))
    native = {key: value for key, value in tool.items() if key != "ini_options"}
    if native:
        return native
    return _table(tool["ini_options"]) if "ini_options" in tool else None


def _ini(path: Path, section: str) -> Section | None:
    import iniconfig

    try:
        parsed = iniconfig.IniConfig(str(path))
    except (iniconfig.ParseError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    return dict(parsed[section].items()) if section in parsed else None


def _pytest_ini(path: Path) -> Section:
    # A pytest.ini is the configuration even without its section.
    return _ini(path, "pytest") or {}


def _tox_ini(path: Path) -> Section | None:
    return _ini(path, "pytest")


def _setup_cfg(path: Path) -> Section | None:
    return _ini(path, "tool:pytest")


#: The files in pytest's order.
_READERS: tuple[tuple[str, Callable[[Path], Section | None]], ...] = (
    ("pytest.toml", _pytest_toml),
    (".pytest.toml", _pytest_toml),
    ("pytest.ini", _pytest_ini),
    (".pytest.ini", _pytest_ini),
    ("pyproject.toml", _pyproject),
    ("tox.ini", _tox_ini),
    ("setup.cfg", _setup_cfg),
)
