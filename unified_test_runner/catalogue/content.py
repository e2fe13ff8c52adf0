"""What a faultless catalogue says, as frozen data for the layers above. No parsing here."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the codec reads annotations
from dataclasses import dataclass, field

from unified_test_runner.model import ServiceSpec, ServiceUse  # noqa: TC001 - as above

#: Name of the implicit suite of files that no suite claims.
DEFAULT_SUITE = "default"

#: A category that names no priority stands here; lower runs sooner.
DEFAULT_PRIORITY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSpec:
    """Bounds of a worker's memory, in bytes; None: none.

    Above `memory_bytes` it is ended at once; above `recycle_bytes` it gets no further file.
    """

    memory_bytes: int | None = None
    recycle_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CategorySpec:
    """A category: lower `priority` runs sooner, and after every category in `after`."""

    name: str
    priority: int = DEFAULT_PRIORITY
    after: tuple[str, ...] = ()
    timeout_s: float | None = None
    retries: int | None = None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteSpec:
    """A suite. `paths` are relative to the project root, with `/`, never inside one another.

    `python` is as written; None leaves the interpreter to the command line and the machine.
    `keep_together` is what must stay on one worker: `test`, `class`, `file`, `suite` or `auto`.
    No two files with one of their `locks` in common run at once; `serial` ones run alone.
    """

    name: str
    paths: tuple[str, ...]
    category: str | None = None
    services: tuple[ServiceUse, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    collect: str = "auto"
    python: str | None = None
    timeout_s: float | None = None
    retries: int | None = None
    leaks: str | None = None
    limits: LimitsSpec = LimitsSpec()
    keep_together: str = "auto"
    locks: tuple[str, ...] = ()
    serial: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything the file says, in its order. `path` is relative to the root when below it.

    `workers` None leaves the number of workers to the machine. `timeout_s` is the time limit
    of a test whose suite and category name none, `retries` how often a failed one is run again.
    `preload` are packages that may be loaded ahead of the workers, `*` for all; `leaks` and
    `limits` hold for suites that say nothing of these.
    """

    path: str
    workers: int | None = None
    timeout_s: float | None = None
    retries: int | None = None
    preload: tuple[str, ...] = ()
    leaks: str | None = None
    limits: LimitsSpec = LimitsSpec()
    categories: Mapping[str, CategorySpec] = field(default_factory=dict)
    services: Mapping[str, ServiceSpec] = field(default_factory=dict)
    suites: Mapping[str, SuiteSpec] = field(default_factory=dict)


def is_below(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it; both normal and relative to the root."""
    return folder in {".", path} or path.startswith(f"{folder}/")
