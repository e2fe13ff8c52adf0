"""Projects on disk, and what loading their catalogue says."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.catalogue.loading import load_catalogue
from unified_test_runner.errors import CatalogueError

if TYPE_CHECKING:
    from pathlib import Path

    from unified_test_runner.catalogue.content import Catalogue


class Project:
    """A folder with a catalogue."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str = "") -> Path:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(dedent(text), encoding="utf-8")
        return full

    def load(self, text: str) -> Catalogue:
        path = self.write("config/catalogue.yaml", text)
        return load_catalogue(path, self.root, interpreter="/usr/bin/py")

    def faults(self, text: str) -> list[str]:
        """Return the faults, without the path that stands before each."""
        with pytest.raises(CatalogueError) as caught:
            self.load(text)
        return [line.removeprefix("config/catalogue.yaml:") for line in caught.value.faults]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
