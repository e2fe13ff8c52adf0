"""Every setting of a run, from the command line and the environment.

The only module that reads `os.environ` and the working directory; everything below is
handed what it needs.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from unified_test_runner.reporters.base import ReporterSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

Format = Literal["auto", "live", "plain"]
Shown = Literal["failed", "all", "none"]


def calling_environment() -> dict[str, str]:
    """Return a copy of the environment this program was called with."""
    return dict(os.environ)


def calling_directory() -> Path:
    """Return the working directory this program was called in."""
    return Path.cwd()


def is_at_terminal() -> bool:
    """Return whether a person can answer on standard input."""
    return sys.stdin is not None and sys.stdin.isatty()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """What the user selected. Kinds intersect, repeats of one kind unite."""

    categories: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    keyword: str | None = None
    markexpr: str | None = None
    deselect: tuple[str, ...] = ()
    real_services: bool = False
    pytest_args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How the run is shown and where its reports go."""

    format: Format = "auto"
    color: str = "auto"
    output: Shown = "failed"
    verbosity: int = 0
    junit_xml: Path | None = None
    json: Path | None = None
    events: Path | None = None
    run_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What is measured. `sources` empty: what the project's configuration of coverage says.

    `minimum` is a percentage, None for the one in that configuration.
    """

    is_wanted: bool = False
    sources: tuple[str, ...] = ()
    minimum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it. `workers` None means one per processor; `max_failures` 0 means no bound.

    `order_from` names the run whose order is repeated.
    `timeout_s` is the time limit of each test (None: the catalogue's), `run_timeout_s` that of
    the whole run (None: none); `collect` None leaves to the catalogue whether files are
    collected one by one, `preload` None what is loaded ahead of the workers, `leaks` None what
    leftovers of tests are. `has_terminal`: standard input is one.

    `retries` None leaves it to the catalogue how often a failed test is run again; above
    `retries_max_failures` failures nothing is (None: see `retrying`). `flaky` is what tests that
    passed only then come to: `report` or `fail`. `repeat` 0 repeats until a test fails.
    """

    selectors: Selectors
    output: Output = field(default_factory=Output)
    coverage: Coverage = field(default_factory=Coverage)
    services: str = "auto"
    workers: int | None = None
    max_failures: int = 0
    timeout_s: float | None = None
    run_timeout_s: float | None = None
    retries: int | None = None
    retries_max_failures: int | None = None
    flaky: str = "report"
    repeat: int = 1
    leaks: str | None = None
    collect: str | None = None
    no_tests: str = "fail"
    order_from: str | None = None
    start: str = "auto"
    preload: tuple[str, ...] | None = None
    seed: int | None = None
    python: str | None = None
    catalogue: str | None = None
    has_terminal: bool = False
    argv: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: Path = field(default_factory=Path)


def reporter_settings(
    output: Output, environ: Mapping[str, str], log: Path | None
) -> ReporterSettings:
    """Return what the reporters need, decided from options, environment and the terminal.

    Args:
        output: the options.
        environ: the calling environment (`NO_COLOR`, `FORCE_COLOR`, `TERM`).
        log: the event log in the run directory.
    """
    stream = sys.stdout
    is_terminal = stream.isatty() and environ.get("TERM") != "dumb"
    return ReporterSettings(
        stream=stream,
        format=output.format,
        is_terminal=is_terminal,
        color=_wants_color(output.color, environ, is_terminal=is_terminal),
        encoding=_encoding(stream),
        verbosity=output.verbosity,
        output=output.output,
        junit_path=output.junit_xml,
        json_path=output.json,
        events_path=log,
    )


def _wants_color(choice: str, environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or is_terminal


def _encoding(stream: TextIO) -> str:
    return getattr(stream, "encoding", None) or "ascii"
