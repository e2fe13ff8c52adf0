"""The static walk: which files pytest would take for tests, in its order, importing nothing.

What only a conftest knows (`collect_ignore`, collectors of its own) is not seen here.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from unified_test_runner.planning.pytest_ini import PytestIni

_NEVER = "__pycache__"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFile:
    """A file. `path` is relative to the project root, with `/`."""

    __test__ = False  # its name is no invitation to pytest

    path: str
    size_bytes: int


@dataclass(slots=True)
class Walker:
    """Walks one project. `notices` gathers what could not be read.

    Args:
        root: the project root.
        ini: what pytest takes for a test file, and where it does not look.
    """

    root: Path
    ini: PytestIni
    notices: list[str] = field(default_factory=list)
    _is_test: re.Pattern[str] = field(init=False)
    _is_skipped: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self._is_test = _globs(self.ini.python_files)
        self._is_skipped = _globs(self.ini.norecursedirs)

    def walk(self, paths: Iterable[str], pruned: frozenset[str] = frozenset()) -> list[TestFile]:
        """Return the test files at or below `paths`, each once, in pytest's order.

        A path that is a file is taken whatever its name, as pytest does. `pruned` are paths
        that belong to somebody else; all paths are relative to the root.
        """
        found: dict[str, TestFile] = {}
        for path in paths:
            if path in pruned:
                continue
            full = os.path.join(self.root, path)  # noqa: PTH118 - strings: this is the hot path
            if os.path.isdir(full):  # noqa: PTH112
                self._folder(full, "" if path == "." else f"{path}/", pruned, (), found)
            elif os.path.isfile(full):  # noqa: PTH113
                size = os.stat(full).st_size  # noqa: PTH116
                found.setdefault(path, TestFile(path=path, size_bytes=size))
        return list(found.values())

    def is_skipped(self, path: str) -> bool:
        """Whether the walk of a folder passes over the folder `path` somewhere below it."""
        name = path.rpartition("/")[2]
        return name == _NEVER or bool(self._is_skipped.match(f"/{path}"))

    def _folder(
        self,
        folder: str,
        prefix: str,
        pruned: frozenset[str],
        above: tuple[tuple[int, int], ...],
        found: dict[str, TestFile],
    ) -> None:
        entries = self._entries(folder, prefix)
        names = {entry.name for entry in entries}
        if above and _is_environment(folder, names):
            return
        if "__init__.py" in names:
            entries.sort(key=lambda entry: (entry.name != "__init__.py", entry.name))
        trail = _trail(folder, above)
        if trail is None:
            return
        for entry in entries:
            path = prefix + entry.name
            if path in pruned:
                continue
            if _is_folder(entry):
                if not self.is_skipped(path):
                    self._folder(entry.path, f"{path}/", pruned, trail, found)
            elif self._is_test_file(entry, path):
                size = entry.stat().st_size
                found.setdefault(path, TestFile(path=path, size_bytes=size))

    def _entries(self, folder: str, prefix: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as scan:
                return sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            shown = prefix.rstrip("/") or "."
            self.notices.append(f"folder '{shown}' cannot be read: {error.strerror or error}")
            return []

    def _is_test_file(self, entry: os.DirEntry[str], path: str) -> bool:
        if not entry.name.endswith(".py") or not self._is_test.match(f"/{path}"):
            return False
        try:
            return entry.is_file()
        except OSError:
            return False


def expand_testpaths(root: Path, testpaths: Iterable[str]) -> tuple[str, ...]:
    """Return the existing paths that pytest's `testpaths` name; they may be globs."""
    found: dict[str, None] = {}
    for pattern in testpaths:
        # `glob`, as pytest itself: `Path.glob` differs in `**`, in hidden names, in errors.
        for path in sorted(glob.iglob(pattern, root_dir=root, recursive=True)):  # noqa: PTH207
            found[os.path.normpath(path).replace(os.sep, "/")] = None
    return tuple(found)


def _globs(patterns: Iterable[str]) -> re.Pattern[str]:
    # As pytest: a pattern without a slash is matched with the name, one with a slash with
    # the end of the whole path. Subjects are `/relative/path`.
    alternatives = []
    for pattern in patterns:
        body = fnmatch.translate(pattern)
        alternatives.append(rf"(?s:.*)/{body}" if "/" in pattern else rf"(?s:(?:.*/)){_name(body)}")
    return re.compile("|".join(alternatives) or r"(?!)")


def _name(body: str) -> str:
    return rf"(?![^/]*/){body}"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_environment(folder: str, names: set[str]) -> bool:
    if "pyvenv.cfg" in names:
        return True
    return "conda-meta" in names and os.path.isfile(f"{folder}/conda-meta/history")  # noqa: PTH113


def _trail(folder: str, above: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...] | None:
    """Return the folders above and this one; None where a link leads back into them."""
    try:
        status = os.stat(folder)  # noqa: PTH116
    except OSError:
        return None
    this = (status.st_dev, status.st_ino)
    return None if this in above else (*above, this)
