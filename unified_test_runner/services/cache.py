"""Folders that outlive runs: made once, under a lock, and put in place in one step."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING

from unified_test_runner.services.holdings import new_token
from unified_test_runner.services.places import cache_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

LABEL = ".utr-cache"


class Cache:
    """The user's cache of prepared folders.

    Each entry is labelled by a file that says what it is made from; a folder without a label
    is unfinished or not ours, and never used.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._folder = cache_directory(environ)

    def entry(
        self, kind: str, made_from: Mapping[str, object], build: Callable[[Path], None]
    ) -> Path:
        """Return the folder made from `made_from`, building it first if need be.

        Args:
            kind: first part of its name, e.g. `initdb`.
            made_from: JSON-ready values that tell it from others of its kind.
            build: fills the (not yet existing) folder it is given.

        Raises:
            OSError: the cache cannot be written.
            Exception: whatever `build` raises; nothing is left behind then.
        """
        description = json.dumps(made_from, sort_keys=True)
        key = hashlib.sha256(description.encode()).hexdigest()[:32]
        place = self._folder / f"{kind}-{key}"
        if (place / LABEL).is_file():
            return place
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with self._locked(f"{kind}-{key}"):
            if not (place / LABEL).is_file():
                self._build(place, description, build)
        return place

    def _build(self, place: Path, description: str, build: Callable[[Path], None]) -> None:
        temporary = self._folder / f".{place.name}-{new_token()}"
        try:
            build(temporary)
            (temporary / LABEL).write_text(description, encoding="utf-8")
            if place.exists():  # unlabelled: somebody's unfinished work
                shutil.rmtree(place)
            temporary.rename(place)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        path = self._folder / f"{name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
