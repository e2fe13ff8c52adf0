"""Spares a run the validation of a catalogue that has not changed since it was found faultless.

Building the validator costs more than the rest of `list` together. What is remembered is the
result as JSON, under a digest of everything it follows from; what the file cannot tell, that
the paths it names exist, is looked at each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import TYPE_CHECKING

from unified_test_runner import __version__
from unified_test_runner.catalogue.content import Catalogue
from unified_test_runner.codec import from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_catalogue(path: Path, root: Path, *, interpreter: str, store: Path) -> Catalogue:
    """Return the catalogue at `path`, validated now or earlier.

    Args:
        path: the file, as it was found.
        root: the project root.
        interpreter: what `{python}` stands for.
        store: file that remembers one catalogue; need neither exist nor be writable.

    Raises:
        CatalogueError: the file has faults; all of them, in its order.
    """
    digest = _digest(path, root, interpreter)
    remembered = _recall(store, digest)
    if remembered is not None and all((root / named).exists() for named in _named(remembered)):
        return remembered
    from unified_test_runner.catalogue.loading import load_catalogue

    catalogue = load_catalogue(path, root, interpreter=interpreter)
    _remember(store, digest, catalogue)
    return catalogue


def _digest(path: Path, root: Path, interpreter: str) -> str:
    """Return a digest of all that the result follows from; empty when it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return ""
    about = repr((__version__, str(path), str(root), interpreter)).encode("utf-8", "replace")
    return hashlib.sha256(about + content).hexdigest()


def _recall(store: Path, digest: str) -> Catalogue | None:
    try:
        found = json.loads(store.read_bytes())
        if not digest or found["digest"] != digest:
            return None
        return from_plain(Catalogue, found["catalogue"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _remember(store: Path, digest: str, catalogue: Catalogue) -> None:
    """Write it beside and move it there: another run may read at the same time."""
    text = json.dumps({"digest": digest, "catalogue": to_plain(catalogue)})
    beside = store.with_name(f"{store.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="ascii")
        beside.replace(store)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()


def _named(catalogue: Catalogue) -> Iterator[str]:
    for suite in catalogue.suites.values():
        yield from suite.paths
    for service in catalogue.services.values():
        if service.prepare is not None:
            yield from service.prepare.inputs or ()
