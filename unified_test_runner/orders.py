"""What the user asked of a run beyond its plan, and the books that are kept accordingly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.ledger import Ledger
from unified_test_runner.preloading import Preloads
from unified_test_runner.retrying import Retrying

if TYPE_CHECKING:
    from unified_test_runner.crew import Premises
    from unified_test_runner.itinerary import Booking
    from unified_test_runner.masking import Mask
    from unified_test_runner.planning.plan import Plan
    from unified_test_runner.recording import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the user asked for beyond the plan. `max_failures` 0 means no bound.

    `run_timeout_s` None means no time limit of the run; `repeat` 0 repeats without end.
    `bookings` None leaves the order to the scheduler; else they are which slot takes what, in
    the order in which it was taken.
    """

    premises: Premises
    max_failures: int = 0
    run_timeout_s: float | None = None
    retries_max_failures: int | None = None
    repeat: int = 1
    bookings: tuple[Booking, ...] | None = None
    reproduce_options: tuple[str, ...] = ()
    preloads: Preloads = field(default_factory=Preloads)


def open_books(
    plan: Plan, orders: Orders, recorder: Recorder, mask: Mask
) -> tuple[Ledger, Retrying]:
    """Return what books the tests of a run, and what decides on retries of them."""
    suites = [suite for group in plan.groups for suite in group.suites]
    ledger = Ledger(
        emit=recorder.emit,
        mask=mask,
        categories={suite.name: suite.category for suite in suites},
        options=orders.reproduce_options,
        leaks={suite.name: suite.leaks for suite in suites},
    )
    allowed = {suite.name: suite.retries for suite in suites}
    return ledger, Retrying(allowed, orders.retries_max_failures, recorder.emit)
