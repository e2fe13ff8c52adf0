from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unified_test_runner.model import Endpoint
from unified_test_runner.services import removal
from unified_test_runner.services.holdings import (
    MARKER,
    OwnedDatabase,
    OwnedDirectory,
    OwnedProcess,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["production", "utr_1", "utr_", "x", "utr_" + "g" * 32])
def test_a_database_without_a_name_of_ours_is_never_dropped(name: str) -> None:
    held = OwnedDatabase(id="x", endpoint=Endpoint(host="127.0.0.1", port=1), name=name)
    with pytest.raises(removal.RemovalError, match="does not bear a name of ours"):
        removal.remove_database(held)


def test_a_directory_is_removed_when_its_marker_is_ours(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / MARKER).write_text("run")
    removal.remove_directory(OwnedDirectory(id="x", path=str(folder)), "run")
    assert not folder.exists()


@pytest.mark.parametrize("marker", [None, "another"])
def test_a_directory_with_content_and_no_marker_of_ours_stays(
    tmp_path: Path, marker: str | None
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "precious").touch()
    if marker is not None:
        (folder / MARKER).write_text(marker)
    with pytest.raises(removal.RemovalError, match="stays"):
        removal.remove_directory(OwnedDirectory(id="x", path=str(folder)), "run")
    assert (folder / "precious").exists()


def test_an_empty_directory_that_was_not_marked_yet_goes(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    removal.remove_directory(OwnedDirectory(id="x", path=str(tmp_path / "folder")), "run")
    assert not (tmp_path / "folder").exists()


def test_what_is_gone_already_is_no_error(tmp_path: Path) -> None:
    removal.remove_directory(OwnedDirectory(id="x", path=str(tmp_path / "gone")), "run")
    errors, kept = removal.remove_all([OwnedProcess(id="p")], "run", has_processes=False)
    assert (errors, kept) == ([], [])


def test_what_cannot_be_removed_is_kept_and_named(tmp_path: Path) -> None:
    held = OwnedDatabase(id="x", endpoint=Endpoint(host="127.0.0.1", port=1), name="precious")
    errors, kept = removal.remove_all([held], "run", has_processes=False)
    assert kept == [held]
    assert "precious" in errors[0]
