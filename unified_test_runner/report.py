"""The fold over the event log from which every report and the exit code are made.

`RunReport.apply` takes events one at a time, cheaply; nothing here prints, reads a clock or
looks at the environment, so that a log replayed years later gives the same answers.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

from unified_test_runner import events
from unified_test_runner.attribution import UnmetSelector, unmet_selectors
from unified_test_runner.growth import Repetitions
from unified_test_runner.model import EntryKind, Outcome, WithheldSuite
from unified_test_runner.records import ServiceRecord, UnitRecord, WorkerRecord
from unified_test_runner.results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from unified_test_runner.entries import Entries, Entry
    from unified_test_runner.results import Running


class RunReport:
    """What a run has come to so far. Feed it with `apply`, close it with `end`."""

    def __init__(self) -> None:
        self.run: events.RunStarted | None = None
        self.plan: events.PlanMade | None = None
        self.finished: events.RunFinished | None = None
        self.interrupted: events.RunInterrupted | None = None
        self.warnings: list[events.WarningRecorded] = []
        self.recycled: list[events.WorkerRecycled] = []
        self.leaks: list[events.LeakFound] = []
        self.notices: list[events.NoticeGiven] = []
        self.errors: list[events.ErrorRaised] = []
        self.plugin_texts: list[events.PluginsTold] = []
        self.templates: list[events.TemplateReady] = []
        self.forecasts: list[events.ForecastDiffered] = []
        self.namespaces: list[events.NamespaceOpened] = []
        self.coverage: events.CoverageMeasured | None = None
        self.services: dict[tuple[str, int | None], ServiceRecord] = {}
        self.service_failures: list[ServiceRecord] = []
        self.at_s = 0.0
        self.is_ended = False
        self._results = Results()
        self.growth = Repetitions()
        self._workers: dict[int, WorkerRecord] = {}
        self._tests_of: Counter[int] = Counter()
        self._peak_of: dict[int, int] = {}
        self._unit_of: dict[int, UnitRecord] = {}
        self._suite_of_path: dict[str, str] = {}
        self._done_paths: set[str] = set()
        self._parts: dict[str, set[int]] = {}
        #: Files in which a test was found to rely on earlier ones.
        self.dependents: set[str] = set()
        self._deselected: dict[str, int] = {}
        self._categories: dict[str, str | None] = {}
        self._apply = self._handlers()

    def apply(self, stamped: events.Stamped) -> None:
        """Take one event. Kinds it does not know change nothing."""
        self.at_s = stamped.t_mono
        handler = self._apply.get(type(stamped.event))
        if handler is not None:
            handler(stamped.event)

    def end(self) -> None:
        """The log has ended, whether the run has or not: tests still running have crashed."""
        if not self.is_ended:
            self.is_ended = True
            self._results.end(self.at_s)

    # What was found.

    @property
    def entries(self) -> Entries:
        """Every entry by identity, in the order in which they first ended."""
        return self._results.entries

    @property
    def notable(self) -> tuple[Entry, ...]:
        """The entries of which there is more to tell than that they passed, in their order."""
        return tuple(self.entries.told())

    @property
    def running(self) -> tuple[Running, ...]:
        """Tests in flight, the longest-running first."""
        return self._results.running

    def totals(self, kind: EntryKind = EntryKind.TEST) -> Counter[Outcome]:
        """How many entries of one kind ended in each outcome."""
        return self._results.totals[kind]

    @property
    def bad_entries(self) -> tuple[Entry, ...]:
        """The entries that make the run fail, in the order they ended."""
        return tuple(entry for entry in self.notable if entry.outcome.is_bad)

    @property
    def flaky_entries(self) -> tuple[Entry, ...]:
        """Tests that passed only when they were run again."""
        return tuple(entry for entry in self.notable if entry.outcome is Outcome.FLAKY)

    @property
    def repetitions(self) -> int:
        """How often the test that was repeated most has run; 1 where nothing was repeated."""
        return max((entry.repetitions for entry in self.notable), default=1)

    @property
    def is_failing(self) -> bool:
        """Whether any entry makes the run fail; cheap, unlike asking which."""
        return any(
            number and outcome.is_bad
            for kind in EntryKind
            for outcome, number in self.totals(kind).items()
        )

    @property
    def executed(self) -> int:
        """How many tests ran at least in part."""
        return sum(n for outcome, n in self.totals().items() if outcome.is_executed)

    @property
    def is_vacuous(self) -> bool:
        """Whether every file was gone through and yet no test was executed."""
        return not self.executed and self.files_done >= self.files_planned

    @property
    def deselected(self) -> int:
        """How many collected tests a selector took out again."""
        return sum(self._deselected.values())

    @property
    def duration_s(self) -> float:
        """How long the run took, as far as the log goes."""
        return self.finished.duration_s if self.finished else self.at_s

    @property
    def wall(self) -> events.WallTime:
        """Where the wall time went; all zero while the run has not finished."""
        return self.finished.wall if self.finished else events.WallTime()

    @property
    def is_cut(self) -> bool:
        """Whether the log ended before the run did."""
        return self.is_ended and self.finished is None

    @property
    def withheld(self) -> tuple[WithheldSuite, ...]:
        """Selected suites that were not run."""
        return self.plan.withheld if self.plan else ()

    @property
    def planned(self) -> tuple[events.PlannedSuite, ...]:
        """Suites that were to run."""
        return self.plan.suites if self.plan else ()

    @property
    def workers(self) -> tuple[WorkerRecord, ...]:
        """Every worker, by number."""
        numbers = sorted({*self._workers, *self._tests_of})
        return tuple(self._worker(number) for number in numbers)

    def slowest(self, count: int) -> list[Entry]:
        """The tests that took longest, longest first."""
        return self._results.entries.slowest(count)

    def grew_most(self, count: int) -> list[Entry]:
        """The tests during which their worker's memory grew most."""
        return [entry for entry in self._results.entries.grown(count) if entry.growth_bytes > 0]

    # How far it is.

    @property
    def files_planned(self) -> int:
        """How many files are to be run, corrected by what the walk really found."""
        foreseen = sum(suite.files for suite in self.planned)
        missing = {path for event in self.forecasts for path in event.missing}
        return max(0, foreseen - len(missing)) + len(self._unexpected())

    @property
    def files_done(self) -> int:
        """How many files a worker has been through."""
        return len(self._done_paths)

    @property
    def files_unfinished(self) -> int:
        """How many files were planned or begun and never finished."""
        return max(self.files_planned - self.files_done, len(self.unfinished_paths))

    @property
    def unfinished_paths(self) -> tuple[str, ...]:
        """Files that were begun and never finished, as far as they are known by name."""
        return tuple(path for path in self._suite_of_path if path not in self._done_paths)

    @property
    def whole_paths(self) -> set[str]:
        """Files of which every test is known and accounted for.

        None where any test of the run was deselected: not every worker can tell of which file.
        """
        return set() if self.deselected else self._done_paths.intersection(self._deselected)

    def unit(self, worker: int) -> UnitRecord | None:
        """The file a worker holds, or held last."""
        return self._unit_of.get(worker)

    # What it comes to.

    @property
    def unmet_selectors(self) -> tuple[UnmetSelector, ...]:
        """Selectors of the command line that led to no executed test."""
        if self.plan is None:
            return ()
        return unmet_selectors(self.plan.selectors, self._answering, self.withheld)

    def _answering(self) -> Iterator[Entry]:
        for entry in self.entries.values():
            if entry.outcome.is_bad or (entry.outcome.is_executed and entry.kind is EntryKind.TEST):
                yield entry

    # One method for each kind of event.

    def _handlers(self) -> Mapping[type[events.Event], Callable[[Any], None]]:
        return {
            events.RunStarted: self._on_run_started,
            events.PlanMade: self._on_plan_made,
            events.ServiceStarting: self._on_service_starting,
            events.ServiceReady: self._on_service_ready,
            events.ServiceFailed: self._on_service_failed,
            events.ServiceStopped: self._on_service_stopped,
            events.NamespaceOpened: self.namespaces.append,
            events.TemplateReady: self.templates.append,
            events.WorkerStarted: self._on_worker_started,
            events.WorkerReady: self._on_worker_ready,
            events.WorkerRecycled: self.recycled.append,
            events.WorkerExited: self._on_worker_exited,
            events.ForecastDiffered: self.forecasts.append,
            events.UnitStarted: self._on_unit_started,
            events.UnitCollected: self._on_unit_collected,
            events.UnitSplit: self._on_unit_split,
            events.UnitFinished: self._on_unit_finished,
            events.TestStarted: self._on_test_started,
            events.TestFinished: self._on_test_finished,
            events.TestsPassed: self._on_tests_passed,
            events.LateErrorRecorded: self._results.amend,
            events.PluginsTold: self._on_plugins_told,
            events.WarningRecorded: self.warnings.append,
            events.LeakFound: self.leaks.append,
            events.NoticeGiven: self.notices.append,
            events.ErrorRaised: self.errors.append,
            events.CoverageMeasured: self._on_coverage,
            events.RunInterrupted: self._on_interrupted,
            events.RunFinished: self._on_run_finished,
        }

    def _on_run_started(self, event: events.RunStarted) -> None:
        self.run = event

    def _on_plan_made(self, event: events.PlanMade) -> None:
        self.plan = event
        self._categories = {suite.name: suite.category for suite in event.suites}

    def _on_service_starting(self, event: events.ServiceStarting) -> None:
        self._put_service(
            event, state="starting", provider=event.provider, reason=event.reason,
            since_s=self.at_s, message="", hint="", log_tail=(), boot_s=None,
        )  # fmt: skip

    def _on_service_ready(self, event: events.ServiceReady) -> None:
        self._put_service(
            event, state="ready", provider=event.provider, reason=event.reason,
            version=event.version, address=event.address, boot_s=event.boot_s,
        )  # fmt: skip

    def _on_service_failed(self, event: events.ServiceFailed) -> None:
        self._put_service(
            event, state="failed", message=event.message, hint=event.hint, log_tail=event.log_tail
        )
        # Kept apart: a server started again in its place does not undo the failure.
        self.service_failures.append(self.services[event.service, event.slot])

    def _on_service_stopped(self, event: events.ServiceStopped) -> None:
        old = self.services.get((event.service, event.slot))
        # A failure stays visible: the object is cleared away afterwards as any other.
        state = "failed" if old is not None and old.state == "failed" else "stopped"
        self._put_service(event, state=state, peak_rss_bytes=event.peak_rss_bytes)

    def _put_service(
        self,
        event: events.ServiceStarting
        | events.ServiceReady
        | events.ServiceFailed
        | events.ServiceStopped,
        **changes: Any,
    ) -> None:
        key = (event.service, event.slot)
        old = self.services.get(key) or ServiceRecord(
            name=event.service, slot=event.slot, state="starting", since_s=self.at_s
        )
        self.services[key] = dataclasses.replace(old, **changes)

    def _on_worker_started(self, event: events.WorkerStarted) -> None:
        self._workers[event.worker] = WorkerRecord(
            worker=event.worker, slot=event.slot, group=event.group, pid=event.pid
        )

    def _on_worker_ready(self, event: events.WorkerReady) -> None:
        old = self._workers.get(event.worker) or WorkerRecord(worker=event.worker)
        self._workers[event.worker] = dataclasses.replace(old, startup_s=event.startup_s)

    def _on_worker_exited(self, event: events.WorkerExited) -> None:
        old = self._workers.get(event.worker) or WorkerRecord(worker=event.worker)
        self._workers[event.worker] = dataclasses.replace(
            old, slot=event.slot, status=event.status, is_expected=event.is_expected,
            cpu_s=event.cpu_s, peak_rss_bytes=event.peak_rss_bytes, idle_s=event.idle_s,
            fault=event.fault,
        )  # fmt: skip

    def _on_unit_started(self, event: events.UnitStarted) -> None:
        self._suite_of_path[event.path] = event.suite
        self._unit_of[event.worker] = UnitRecord(
            path=event.path, suite=event.suite, worker=event.worker, since_s=self.at_s,
            repetition=event.repetition,
        )  # fmt: skip

    def _on_unit_collected(self, event: events.UnitCollected) -> None:
        # A file shared between workers is collected by each: count it once.
        self._deselected[event.path] = max(event.deselected, self._deselected.get(event.path, 0))

    def _on_unit_split(self, event: events.UnitSplit) -> None:
        self._parts.setdefault(event.path, {0}).add(event.index)

    def _on_unit_finished(self, event: events.UnitFinished) -> None:
        parts = self._parts.get(event.path, set())
        parts.discard(event.first)
        if not parts:
            self._done_paths.add(event.path)

    def _on_test_started(self, event: events.TestStarted) -> None:
        self._results.start(event, self.at_s)

    def _on_test_finished(self, event: events.TestFinished) -> None:
        if event.is_context:
            return
        category = event.category or self._categories.get(event.suite)
        self._results.finish(event, category)
        self.growth.add(event)
        worker = event.worker
        self._tests_of[worker] += 1
        self._peak_of[worker] = max(event.peak_rss_bytes, self._peak_of.get(worker, 0))
        unit = self._unit_of.get(worker)
        if unit is None:
            return
        unit.outcomes[event.outcome] += 1
        key = (event.entry, event.nodeid, event.occurrence)
        if event.is_in_order and self.entries[key].is_order_dependent:
            self.dependents.add(unit.path)

    def _on_tests_passed(self, event: events.TestsPassed) -> None:
        self._results.pass_all(event)
        self.growth.add_all(event)
        worker, count = event.worker, len(event.nodeids)
        self._tests_of[worker] += count
        peaks = (peak for _, _, _, _, peak, *_ in event.measured)
        self._peak_of[worker] = max(*peaks, self._peak_of.get(worker, 0))
        unit = self._unit_of.get(worker)
        if unit is not None:
            unit.outcomes[Outcome.PASSED] += count

    def _on_plugins_told(self, event: events.PluginsTold) -> None:
        # Most say the same in every worker: once is enough.
        if all((old.where, old.text) != (event.where, event.text) for old in self.plugin_texts):
            self.plugin_texts.append(event)

    def _on_coverage(self, event: events.CoverageMeasured) -> None:
        self.coverage = event

    def _on_interrupted(self, event: events.RunInterrupted) -> None:
        # The first signal is the cause; a second only hastens the end.
        self.interrupted = self.interrupted or event

    def _on_run_finished(self, event: events.RunFinished) -> None:
        self.finished = event

    def _worker(self, number: int) -> WorkerRecord:
        old = self._workers.get(number) or WorkerRecord(worker=number)
        peak = max(old.peak_rss_bytes, self._peak_of.get(number, 0))
        return dataclasses.replace(old, tests=self._tests_of[number], peak_rss_bytes=peak)

    def _unexpected(self) -> set[str]:
        return {path for event in self.forecasts for path in event.unexpected}
