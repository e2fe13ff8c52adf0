"""The order of a recorded run, and what it comes to for another plan. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unified_test_runner.errors import UsageError
from unified_test_runner.events import RunStarted, UnitStarted, WorkerStarted
from unified_test_runner.forecast import Owners
from unified_test_runner.itinerary import Booking
from unified_test_runner.model import UnitKey
from unified_test_runner.verdict import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unified_test_runner.events import Stamped
    from unified_test_runner.planning.plan import Plan

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUnit:
    """A unit that a worker took in a recorded run."""

    slot: int
    worker: int
    suite: str
    key: UnitKey


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOrder:
    """What was taken in a run, in the order in which it was, on `workers` slots.

    `divided` are files of which a part went to another worker, or ran again: only who took
    them first is in the order.
    """

    run: str
    workers: int
    taken: tuple[TakenUnit, ...]
    divided: tuple[str, ...] = ()


def read_order(events: Iterable[Stamped], name: str) -> RecordedOrder:
    """Return the order of a log, of which the end may be missing.

    Args:
        events: the log.
        name: what the user called it.

    Raises:
        UsageError: it is not that of a run.
    """
    workers = 0
    slots: dict[int, int] = {}
    taken: list[TakenUnit] = []
    divided: dict[str, None] = {}
    for stamped in events:
        match stamped.event:
            case RunStarted() as started:
                workers = started.workers
            case WorkerStarted() as worker:
                slots[worker.worker] = worker.slot
            case UnitStarted() as unit if unit.first or unit.is_rerun or unit.is_extra:
                divided[unit.path] = None
            case UnitStarted() as unit if unit.worker in slots:
                key = UnitKey(path=unit.path, collector=unit.collector, ordinal=unit.ordinal)
                slot = slots[unit.worker]
                taken.append(TakenUnit(slot=slot, worker=unit.worker, suite=unit.suite, key=key))
            case _:
                pass
    if workers < 1:
        raise UsageError(f"'{name}' is not the log of a run: it does not begin with one's start")
    workers = max([workers, *(slot + 1 for slot in slots.values())])
    return RecordedOrder(run=name, workers=workers, taken=tuple(taken), divided=tuple(divided))


def follow(plan: Plan, order: RecordedOrder) -> tuple[Plan, tuple[Booking, ...]]:
    """Return a plan on the workers of a recorded run, and its order as far as the plan has it.

    Files of the plan that the run did not take come after the others; the plan's notices say
    which they are, and what the run took that is not in the plan.
    """
    booked: list[Booking] = []
    absent: dict[str, None] = {}
    owners = Owners(plan.groups)
    for unit in order.taken:
        group = owners.find(unit.key.path, unit.suite)
        if group is None:
            absent[unit.key.path] = None
        else:
            booked.append(
                Booking(slot=unit.slot, stint=unit.worker, group=group.index, key=unit.key)
            )
    recorded = {unit.key.path for unit in order.taken}
    added = [unit.path for unit in plan.units if unit.path not in recorded]
    divided = [path for path in order.divided if path in {unit.path for unit in plan.units}]
    notices = (
        _notice(divided, f"of run '{order.run}'", "not divided between workers now"),
        _notice(absent, f"of run '{order.run}'", "not selected now and left out"),
        _notice(added, "", f"not in run '{order.run}' and run{'s' * (len(added) == 1)} at the end"),
    )
    followed = replace(
        plan,
        workers=order.workers,
        workers_reason=f"as in run '{order.run}'",
        notices=(*plan.notices, *filter(None, notices)),
    )
    return followed, tuple(booked)


def _notice(paths: Iterable[str], whose: str, what: str) -> str:
    names = list(paths)
    if not names:
        return ""
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    verb = "is" if len(names) == 1 else "are"
    subject = " ".join(filter(None, (counted(len(names), "file"), whose)))
    return f"{subject} {verb} {what}: {shown}"
