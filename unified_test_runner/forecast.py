"""The plan's forecast of files against the truth of a worker's walk. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.events import ForecastDiffered, NoticeGiven
from unified_test_runner.model import UnitKey
from unified_test_runner.steps import GroupPlan, UnitPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unified_test_runner.planning.plan import Group, PlannedSuite, PlannedUnit
    from unified_test_runner.planning.recalling import Recalled


def foreseen(group: Group, urgent: frozenset[str] = frozenset()) -> GroupPlan:
    """Return a group as the scheduler sees it before any walk; `urgent` paths go first."""
    units = tuple(_known(unit, UnitKey(path=unit.path), urgent) for unit in group.units)
    return GroupPlan(index=group.index, units=units)


def _known(unit: PlannedUnit, key: UnitKey, urgent: frozenset[str]) -> UnitPlan:
    return UnitPlan(
        key=key,
        suite=unit.suite,
        size_bytes=unit.size_bytes,
        keep_together=unit.keep_together,
        locks=unit.locks,
        is_serial=unit.is_serial,
        bundle=unit.bundle,
        is_urgent=unit.path in urgent,
    )


def walked(
    group: Group, keys: Sequence[UnitKey], urgent: frozenset[str] = frozenset()
) -> tuple[UnitPlan, ...]:
    """Return the units of a walk that the plan selected, in pytest's order.

    A file that the plan did not foresee (one of a custom collector, say) is taken where a
    suite was selected whole and its paths cover the file.
    """
    known = {unit.path: unit for unit in group.units}
    units = []
    for key in keys:
        if key.path in known:
            units.append(_known(known[key.path], key, urgent))
        elif suite := covering_suite(group, key.path):
            units.append(
                UnitPlan(
                    key=key,
                    suite=suite.name,
                    keep_together=suite.keep_together,
                    bundle=suite.bundle,
                    locks=suite.locks,
                    is_serial=suite.is_serial,
                )
            )
    return tuple(units)


def difference(group: Group, units: Sequence[UnitPlan]) -> ForecastDiffered | None:
    """Return how the walk differs from the plan, None if it does not."""
    planned = {unit.path for unit in group.units}
    found = {unit.key.path for unit in units}
    if planned == found:
        return None
    return ForecastDiffered(
        group=group.index,
        missing=tuple(sorted(planned - found)),
        unexpected=tuple(sorted(found - planned)),
    )


def disagreement(path: str, worker: int) -> NoticeGiven:
    """Return what to say where two workers find different tests in a file."""
    return NoticeGiven(
        level="warning",
        message=f"{path} has other tests in worker {worker} than in the worker that took it first; "
        "it is not divided any more",
        hint="parameters made from a set or at random differ from process to process",
    )


class Owners:
    """Finds the group that runs a file now, which may have been recorded long ago.

    Args:
        groups: those of the plan.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._of_path: dict[str, list[Group]] = {}
        for group in groups:
            for path in {unit.path for unit in group.units}:
                self._of_path.setdefault(path, []).append(group)

    def find(self, path: str, suite: str = "") -> Group | None:
        """Return the group of a file, rather that of `suite` than another; None: there is none."""
        groups = self._of_path.get(path) or [g for g in self._groups if covering_suite(g, path)]
        same = [group for group in groups if any(s.name == suite for s in group.suites)]
        return next(iter((*same, *groups)), None)


def covering_suite(group: Group, path: str) -> PlannedSuite | None:
    """Return the suite that takes a file which the plan did not foresee, None if none does."""
    for suite in group.suites:
        if suite.is_whole and any(
            root in {"", "."} or path == root or path.startswith(f"{root}/") for root in suite.paths
        ):
            return suite
    return None


def choice(group: Group, recalled: Recalled) -> dict[str, object]:
    """What a worker needs to select tests by itself, in plain data."""
    is_open = any(suite.is_whole for suite in group.suites)
    paths = {path for nodeid in group.node_ids for path in [nodeid.partition("::")[0]]}
    return {
        "paths": None if is_open else [unit.path for unit in group.units],
        "filtered": sorted(group.filtered),
        "patterns": list(group.node_patterns),
        "ids": {path: list(inner_ids(group.node_ids, path)) for path in sorted(paths)},
        "recall": recalled.mode.value,
        "recalled": {path: list(names) for path, names in recalled.names.items()},
    }


def inner_ids(node_ids: Sequence[str], path: str) -> tuple[str, ...]:
    """The node ids given for a path, without that path."""
    pairs = (nodeid.partition("::") for nodeid in node_ids)
    return tuple(inner for given, _, inner in pairs if given == path and inner)
