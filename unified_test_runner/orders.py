"""What the user asked of a run beyond its plan. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.preloading import Preloads

if TYPE_CHECKING:
    from unified_test_runner.crew import Premises


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the user asked for beyond the plan. `max_failures` 0 means no bound.

    `run_timeout_s` None means no time limit of the run; `repeat` 0 repeats without end.
    """

    premises: Premises
    max_failures: int = 0
    run_timeout_s: float | None = None
    retries_max_failures: int | None = None
    repeat: int = 1
    reproduce_options: tuple[str, ...] = ()
    preloads: Preloads = field(default_factory=Preloads)
