"""Runs one test after some others, in a fresh worker: the engine's own run of a narrowed plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unified_test_runner.early import begin
from unified_test_runner.execution import execute
from unified_test_runner.exitcodes import ExitCode
from unified_test_runner.forecast import covering_suite
from unified_test_runner.itinerary import Booking
from unified_test_runner.planning.plan import PlannedUnit
from unified_test_runner.report import RunReport
from unified_test_runner.settings import Output
from unified_test_runner.sightings import Lookout, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from unified_test_runner.events import Stamped
    from unified_test_runner.planning.plan import Group, Plan, PlannedSuite
    from unified_test_runner.preparation import Prepared
    from unified_test_runner.settings import Settings


class TrialStopped(Exception):  # noqa: N818 - a fact, which ends the search
    """A trial came to no result, for a reason that has nothing to do with the tests.

    Args:
        code: what the program returns.
        reason: why, for people; empty where they know, having pressed Ctrl-C.
    """

    def __init__(self, code: ExitCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True)
class _Witness:
    """A reporter that watches for the test in place of showing anything."""

    lookout: Lookout
    report: RunReport

    def handle(self, stamped: Stamped, report: RunReport) -> None:
        self.report = report
        self.lookout.apply(stamped.event)

    def close(self, report: RunReport) -> None:
        self.report = report


class Laboratory:
    """Runs trials of one test.

    Args:
        settings: what was asked for.
        prepared: the whole selection.
        group: the group of it that the test is in.
        target: the test; until it has been seen, its key need not be right beyond the path.
        folder: takes a run directory for each trial.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        prepared: Prepared,
        group: Group,
        target: Step,
        folder: Path,
    ) -> None:
        self._settings = settings
        self._prepared = prepared
        self._group = group
        self._folder = folder
        self.target = target
        self.trials = 0

    @property
    def place(self) -> Path:
        """The run directory of the latest trial."""
        return self._folder / f"trial-{self.trials:03}"

    def try_after(self, steps: Sequence[Step]) -> Lookout:
        """Run these and then the test.

        Raises:
            TrialStopped: there is no result.
        """
        group = narrowed(self._group, steps, self.target)
        keys = dict.fromkeys(step.key for step in steps if step.key != self.target.key)
        booked = tuple(
            Booking(slot=0, stint=0, group=group.index, key=key) for key in (*keys, self.target.key)
        )
        return self._run(replace(self._prepared, plan=self._plan(group), bookings=booked))

    def try_naturally(self) -> Lookout:
        """Run every selected file of the group up to the test's own, whole, in natural order.

        Raises:
            TrialStopped: there is no result.
        """
        paths = [unit.path for unit in self._group.units]
        until = {*paths[: paths.index(self.target.key.path) + 1]}
        group = _of_paths(self._group, until)
        return self._run(replace(self._prepared, plan=self._plan(group)))

    def try_command(self, prepared: Prepared) -> Lookout:
        """Run what a command line comes to.

        Raises:
            TrialStopped: there is no result.
        """
        return self._run(prepared)

    def _plan(self, group: Group) -> Plan:
        plan = self._prepared.plan
        needed: set[str] = set()
        wanted = [use.name for use in group.services]
        specs = {spec.name: spec for spec in plan.services}
        while wanted:
            needed.add(name := wanted.pop())
            wanted += specs[name].needs
        return replace(
            plan,
            groups=(group,),
            withheld=(),
            services=tuple(spec for spec in plan.services if spec.name in needed),
            selectors=(),
            workers=1,
            notices=(),
        )

    def _run(self, prepared: Prepared) -> Lookout:
        self.trials += 1
        witness = _Witness(Lookout(self.target.key.path, self.target.test), RunReport())
        settings = replace(self._settings, output=Output(run_dir=self.place), max_failures=0)
        with begin(settings) as begun:
            execute(settings, prepared, begun, [witness])
        _check(witness.report)
        return witness.lookout


def _check(report: RunReport) -> None:
    if report.interrupted is not None:
        raise TrialStopped(ExitCode.INTERRUPTED, f"interrupted by {report.interrupted.signal}")
    for error in report.errors:
        hint = f" (hint: {error.hint})" if error.hint else ""
        raise TrialStopped(error.exit_code, f"{error.message}{hint}")
    for service in report.service_failures:
        raise TrialStopped(ExitCode.SERVICE, f"service '{service.name}': {service.message}")


def narrowed(group: Group, steps: Sequence[Step], target: Step) -> Group:
    """Return a group of which only `steps` and `target` are run.

    A file without a step that is a test is run whole; the target's own never is.
    """
    paths = {step.key.path for step in (*steps, target)}
    whole = {step.key.path for step in steps if not step.test} - {target.key.path}
    tests = (step for step in (*steps, target) if step.test and step.key.path not in whole)
    return replace(
        _of_paths(group, paths),
        filtered=frozenset(),
        node_patterns=(),
        node_ids=tuple(dict.fromkeys(step.nodeid for step in tests)),
    )


def _of_paths(group: Group, paths: set[str]) -> Group:
    """Return a group with these files only, also such as only a walk finds."""
    foreseen = {unit.path for unit in group.units}
    found: dict[str, list[PlannedUnit]] = {suite.name: [] for suite in group.suites}
    for path in sorted(paths - foreseen):
        suite = covering_suite(group, path)
        if suite is not None:
            unit = PlannedUnit(path=path, suite=suite.name, size_bytes=0, reason="")
            found[suite.name].append(unit)
    suites = (_with_units(suite, paths, found[suite.name]) for suite in group.suites)
    return replace(group, suites=tuple(suite for suite in suites if suite.units))


def _with_units(suite: PlannedSuite, paths: set[str], others: list[PlannedUnit]) -> PlannedSuite:
    own = (unit for unit in suite.units if unit.path in paths)
    return replace(suite, units=(*own, *others), is_whole=False)
