"""The run directory: `.unified-test-runner/runs/<id>/` in the project root."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.errors import RunDirectoryError

if TYPE_CHECKING:
    from datetime import datetime

FOLDER = ".unified-test-runner"
#: So many runs are kept.
KEPT = 20
#: So many series of runs are kept.
KEPT_SERIES = 5
_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDirectory:
    """A run's own folder. `notice` is set when it is not where users would look for it."""

    path: Path
    notice: str = ""

    @property
    def events(self) -> Path:
        """The event log."""
        return self.path / "events.jsonl"

    @property
    def workers(self) -> Path:
        """What workers and templates print outside of tests."""
        return self.path / "workers"

    @property
    def coverage(self) -> Path:
        """Coverage data of the workers, until it is combined."""
        return self.path / "coverage"

    @property
    def services(self) -> Path:
        """Logs of the servers."""
        return self.path / "services"


def new_run_id(now: datetime) -> str:
    """Return a name that sorts by time and that no other run has."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def make_home(root: Path) -> Path:
    """Return the folder of everything we keep in a project, made so that git ignores it.

    Raises:
        OSError: it cannot be made, e.g. in a read-only checkout.
    """
    home = root / FOLDER
    home.mkdir(exist_ok=True)
    ignore = home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return home


def make_run_directory(root: Path, run_id: str, given: Path | None) -> RunDirectory:
    """Make the directory of a run and forget the oldest ones.

    Args:
        root: project root.
        run_id: as `new_run_id` makes them.
        given: where the user wants it instead of under the root.

    Raises:
        RunDirectoryError: the given one cannot be made or written.
    """
    if given is not None:
        return RunDirectory(path=_make(given))
    try:
        home = make_home(root)
        path = _make(home / "runs" / run_id)
    except (OSError, RunDirectoryError) as error:
        fallback = Path(tempfile.mkdtemp(prefix="unified-test-runner-run-"))
        return RunDirectory(path=_make(fallback), notice=f"{error}; this run is in {fallback}")
    _prune(home / "runs", keep=KEPT)
    return RunDirectory(path=path)


def make_trials_directory(root: Path, run_id: str) -> Path:
    """Make the directory of a series of runs that belong together, and forget the oldest ones.

    They are kept apart from the project's runs, so that they do not push these out.

    Raises:
        RunDirectoryError: there is no place for it.
    """
    series = root / FOLDER / "bisect"
    try:
        make_home(root)
        path = series / run_id
        path.mkdir(parents=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="unified-test-runner-bisect-"))
    ours = sorted(folder for folder in series.iterdir() if _RUN_ID.fullmatch(folder.name))
    for folder in ours[:-KEPT_SERIES]:
        shutil.rmtree(folder, ignore_errors=True)
    return path


def kept_runs(root: Path) -> list[Path]:
    """Return the folders of the runs that are kept under `root`, the oldest first."""
    try:
        return _runs_in(root / FOLDER / "runs")
    except OSError:
        return []


def _runs_in(runs: Path) -> list[Path]:
    """Return the folders that bear a run's name and log, the oldest first."""
    begun = {
        folder: (folder / "events.jsonl").stat().st_mtime_ns
        for folder in runs.iterdir()
        if _RUN_ID.fullmatch(folder.name) and (folder / "events.jsonl").exists()
    }
    # A name tells the second; what began in the same one is told apart by its end.
    return sorted(begun, key=lambda folder: (folder.name[:15], begun[folder], folder.name))


def _make(path: Path) -> Path:
    try:
        for folder in (path, path / "workers", path / "services", path / "reports"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "name another place with --run-dir"
        raise RunDirectoryError(
            f"the run directory '{path}' cannot be made: {error.strerror or error}", hint=hint
        ) from error
    return path


def _prune(runs: Path, keep: int) -> None:
    """Remove the oldest runs beyond `keep`: only folders that bear a run's name and log."""
    for folder in _runs_in(runs)[:-keep]:
        with suppress(OSError):
            shutil.rmtree(folder)
