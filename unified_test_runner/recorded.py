"""Runs that were recorded before: where their logs are, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.errors import UsageError
from unified_test_runner.reporters.replay import read_log
from unified_test_runner.rundir import FOLDER, kept_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unified_test_runner.events import Stamped

LOG = "events.jsonl"


def find_log(run: str, root: Path, cwd: Path) -> Path:
    """Return the event log of a run.

    Args:
        run: its id, its directory, or the log itself; the first of them that exists.
        root: project root, which keeps runs by their ids.
        cwd: where a path was typed.

    Raises:
        UsageError: there is none.
    """
    if "\x00" not in run:
        for place in (cwd / run, root / FOLDER / "runs" / run):
            log = place / LOG if place.is_dir() else place
            if run and log.is_file():
                return log
    known = kept_runs(root)
    hint = f"the last run here is {known[-1].name}" if known else "no run is kept here"
    raise UsageError(f"there is no recorded run '{run}'", hint=hint)


def logs(root: Path) -> Iterator[Path]:
    """Yield the logs of the runs that a project keeps, the latest first."""
    for folder in reversed(kept_runs(root)):
        yield folder / LOG


def read_run(log: Path) -> Iterator[Stamped]:
    """Yield the events of a log.

    Raises:
        UsageError: it cannot be read, or is no event log.
    """
    try:
        with log.open(encoding="ascii", errors="replace") as lines:
            yield from read_log(lines, str(log))
    except OSError as error:
        raise UsageError(f"{log} cannot be read: {error.strerror or error}") from error
