"""Paths and node ids given as arguments: what they name below the project root."""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.errors import UsageError
from unified_test_runner.planning.patterns import nearest

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument. `path` is relative to the root, `.` the root itself.

    `nodeid` is set where it names something inside a file: `path::Class::test[param]`.
    """

    given: str
    path: str
    nodeid: str = ""

    @property
    def name(self) -> str:
        """The argument in terms of the root, whatever directory it was given in."""
        return self.nodeid or self.path


def resolve_argument(given: str, *, root: Path, cwd: Path) -> Argument:
    """Return what `given`, a path or node id relative to `cwd`, names.

    Raises:
        UsageError: it does not exist, lies outside of the root, or names a test in a folder.
    """
    text, colons, inside = given.partition("::")
    full = os.path.normpath(os.path.join(cwd, text))  # noqa: PTH118 - `..` by text, as pytest
    if "\x00" in text or not os.path.exists(full):  # noqa: PTH110
        raise UsageError(f"there is no '{text}' in '{cwd}'", hint=_near_path(full))
    path = relative_to_root(full, root)
    if path is None:
        raise UsageError(f"'{text}' lies outside of the project root '{root}'")
    if colons and (not inside or not os.path.isfile(full)):  # noqa: PTH113
        raise UsageError(f"'{given}' names no test in a file", hint="write file.py::test_name")
    return Argument(given=given, path=path, nodeid=f"{path}::{inside}" if inside else "")


def relative_to_root(full: str, root: Path) -> str | None:
    """Return the absolute path `full` relative to `root`, with `/`; None when not below it."""
    pairs = ((full, str(root)), (os.path.realpath(full), os.path.realpath(root)))
    for path, folder in pairs:
        relative = os.path.relpath(path, folder).replace(os.sep, "/")
        if relative != ".." and not relative.startswith("../"):
            return relative
    return None


def _near_path(full: str) -> str:
    folder, name = os.path.split(full)
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return f"there is no folder '{folder}'"
    close = nearest(name, names)
    return f"did you mean '{close[0]}'?" if close else ""
