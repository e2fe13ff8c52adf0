"""Files whose tests turned out to rely on their order: they are divided no more.

Remembered with a digest of their content, so that a file that was changed gets another
chance. Losing this memory costs a second run of such a file, never a verdict; so nothing that
is wrong with it is an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import TYPE_CHECKING

from unified_test_runner.rundir import FOLDER, make_home

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NAME = "dependents.json"
#: So many files are remembered, the latest ones.
_KEPT = 500


def dependents(root: Path) -> frozenset[str]:
    """Return the paths below `root`, with `/`, that must stay whole as they are now."""
    return frozenset(
        path for path, digest in _read(root / FOLDER).items() if digest == _digest(root / path)
    )


def remember_dependents(root: Path, paths: Iterable[str]) -> None:
    """Remember that tests of these files rely on their order."""
    found = {path: digest for path in paths if (digest := _digest(root / path))}
    if not found:
        return
    with contextlib.suppress(OSError):
        home = make_home(root)
        known = {path: digest for path, digest in _read(home).items() if path not in found}
        kept = dict([*known.items(), *found.items()][-_KEPT:])
        fresh = home / f"{_NAME}.{os.getpid()}"
        fresh.write_text(json.dumps(kept, indent=1) + "\n", "ascii")
        fresh.replace(home / _NAME)


def _read(home: Path) -> dict[str, str]:
    try:
        found = json.loads((home / _NAME).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {path: digest for path, digest in found.items() if isinstance(digest, str)}


def _digest(path: Path) -> str:
    """Return a digest of a file's content; nothing where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return ""
