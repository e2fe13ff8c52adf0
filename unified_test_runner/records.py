"""Services, workers and files in hand as the event log tells of them. Data only."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from unified_test_runner.light import dataclass

if TYPE_CHECKING:
    from unified_test_runner.model import Outcome, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """A service as far as the log tells. `state`: starting, ready, failed or stopped."""

    name: str
    slot: int | None
    state: str
    provider: Provider | None = None
    reason: str = ""
    version: str = ""
    address: str = ""
    boot_s: float | None = None
    since_s: float = 0.0
    message: str = ""
    hint: str = ""
    log_tail: tuple[str, ...] = ()
    peak_rss_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """A worker process. `status` is None while it lives, or when the log does not tell."""

    worker: int
    slot: int | None = None
    group: int | None = None
    pid: int | None = None
    startup_s: float = 0.0
    tests: int = 0
    peak_rss_bytes: int = 0
    status: int | None = None
    is_expected: bool = True
    cpu_s: float = 0.0
    idle_s: float = 0.0
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRecord:
    """A file in a worker's hands: how its tests ended since it was taken."""

    path: str
    suite: str
    worker: int
    since_s: float
    repetition: int = 1
    outcomes: Counter[Outcome] = dataclasses.field(default_factory=Counter)
