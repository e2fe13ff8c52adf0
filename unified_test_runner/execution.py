"""One run from plan to exit code: directory, lease, watcher, reporters, services, engine.

Each resource goes on a stack the line after it is acquired, so that whatever happens is
undone in the reverse order; what outlives a SIGKILL is the watcher's and the next sweep's.
"""

from __future__ import annotations

import contextlib
import platform
import secrets
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner import __version__, coverage, events, stray_tests
from unified_test_runner.crew import Premises
from unified_test_runner.dependents import remember_dependents
from unified_test_runner.engine import Engine
from unified_test_runner.errors import RunDirectoryError
from unified_test_runner.failure_file import write_failures
from unified_test_runner.failures import Recall
from unified_test_runner.inbox import Inbox
from unified_test_runner.kinds import ProviderChoice
from unified_test_runner.masking import Mask
from unified_test_runner.orders import Orders
from unified_test_runner.preloading import Preloads
from unified_test_runner.recording import Recorder
from unified_test_runner.reporters import make_reporters
from unified_test_runner.reporters.log import EventLog, LongOutputs
from unified_test_runner.reporters.publisher import Publisher
from unified_test_runner.rundir import FOLDER, make_home, make_run_directory
from unified_test_runner.services.lease import Lease
from unified_test_runner.services.strays import end_strays
from unified_test_runner.services.sweep import sweep
from unified_test_runner.services.watcher import Watcher
from unified_test_runner.settings import reporter_settings
from unified_test_runner.verdict import reach

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from unified_test_runner.early import Begun, EarlyTemplate
    from unified_test_runner.model import ExitCode
    from unified_test_runner.planning.plan import Plan
    from unified_test_runner.preparation import Prepared
    from unified_test_runner.reporters import Reporter
    from unified_test_runner.rundir import RunDirectory
    from unified_test_runner.services.broker import Broker
    from unified_test_runner.services.notes import Note
    from unified_test_runner.settings import Output, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What the pieces of one run share."""

    run_id: str
    directory: RunDirectory
    settings: Settings
    prepared: Prepared
    recorder: Recorder
    early: EarlyTemplate | None
    is_trial: bool

    @property
    def plan(self) -> Plan:
        return self.prepared.plan


def execute(
    settings: Settings,
    prepared: Prepared,
    begun: Begun,
    watchers: Sequence[Reporter] | None = None,
) -> ExitCode:
    """Run the plan and return the exit code. Everything else is in the events.

    Args:
        settings: what was asked for.
        prepared: the plan.
        begun: what was begun before there was a plan.
        watchers: take the events in place of the console and the reports. Such a run is a
            trial: the next one will not know what failed in it.

    Raises:
        UsageError: coverage is wanted, and the interpreter cannot measure it.
        RunDirectoryError: there is no place for the results.
    """
    if settings.coverage.is_wanted:
        coverage.check(prepared.interpreter, prepared.plan.root, settings.environ)
    clock = time.monotonic
    run_id = begun.run_id
    directory = make_run_directory(prepared.plan.root, run_id, settings.output.run_dir)
    _remove_tree(directory.coverage)  # of an earlier run in the same directory
    if watchers is None:
        shown = reporter_settings(_output(settings, prepared), settings.environ, directory.events)
        reporters = make_reporters(shown)
    else:
        reporters = [EventLog(directory.events), *watchers]
    recorder = Recorder(Publisher(reporters, LongOutputs(directory.path)), clock)
    run = _Run(
        run_id=run_id,
        directory=directory,
        settings=settings,
        prepared=prepared,
        early=begun.template,
        is_trial=watchers is not None,
        recorder=recorder,
    )
    _open_record(run, begun.at)
    wall = _run_plan(run) if prepared.plan.groups else events.WallTime()
    remember_dependents(prepared.plan.root, sorted(recorder.report.dependents))
    _combine_coverage(run, since=begun.at.timestamp())
    return _close_record(run, wall)


def _open_record(run: _Run, now: datetime) -> None:
    plan, emit = run.plan, run.recorder.emit
    emit(
        events.RunStarted(
            run_id=run.run_id,
            started_at=now.isoformat(timespec="milliseconds"),
            root=str(plan.root),
            run_dir=str(run.directory.path),
            argv=run.settings.argv,
            version=__version__,
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            workers=plan.workers,
            catalogue=plan.catalogue,
            flaky=run.settings.flaky,
        )
    )
    for notice in (run.directory.notice, *run.prepared.notices, *plan.notices):
        if notice:
            emit(events.NoticeGiven(level="warning", message=notice))
    suites = tuple(
        events.PlannedSuite(
            name=suite.name,
            group=group.index,
            files=len(suite.units),
            category=suite.category,
            services=tuple(use.name for use in suite.services),
            reason=suite.reason,
        )
        for group in plan.groups
        for suite in group.suites
    )
    emit(
        events.PlanMade(
            suites=suites,
            withheld=plan.withheld,
            selectors=plan.selectors,
            interpreter=run.prepared.interpreter,
        )
    )


def _close_record(run: _Run, wall: events.WallTime) -> ExitCode:
    recorder = run.recorder
    unkept = "" if run.is_trial else _remember_failures(run)
    if unkept:
        recorder.emit(events.NoticeGiven(level="info", message=f"--lf will not know: {unkept}"))
    is_empty_allowed = run.settings.no_tests != "fail"
    if is_empty_allowed and not recorder.report.executed:
        level = "warning" if run.settings.no_tests == "warn" else "info"
        recorder.emit(events.NoticeGiven(level=level, message="no test ran, as --no-tests allows"))
    code = reach(recorder.report, is_empty_allowed=is_empty_allowed).code
    recorder.emit(events.RunFinished(exit_code=code, duration_s=recorder.now, wall=wall))
    fault = recorder.close()
    if fault:
        raise RunDirectoryError(fault)
    if run.settings.output.events is not None:
        _copy_log(run.directory.events, run.settings.output.events)
    return code


def _output(settings: Settings, prepared: Prepared) -> Output:
    """Return how the run is shown: not redrawn while a debugger has the terminal."""
    is_debugging = prepared.options.is_debugging
    return replace(settings.output, format="plain") if is_debugging else settings.output


def _remember_failures(run: _Run) -> str:
    """Keep what failed for `--lf` and its kin; returns why it could not be kept."""
    recorder, prepared = run.recorder, run.prepared
    is_stepwise = prepared.options.recall is Recall.FROM
    record = prepared.failures.after(recorder.report, is_stepwise=is_stepwise)
    is_same = record == prepared.failures and not prepared.options.forgets
    return "" if is_same else write_failures(prepared.plan.root, record)


def _combine_coverage(run: _Run, since: float) -> None:
    """Make one coverage of what the workers measured, whoever asked them to."""
    report, wanted = run.recorder.report, run.settings.coverage
    order = coverage.Combining(
        interpreter=run.prepared.interpreter,
        root=run.plan.root,
        environ=run.settings.environ,
        folder=run.directory.coverage,
        since=since,
        sources=wanted.sources,
        minimum=wanted.minimum,
        excuse=coverage.excuse(run.settings.selectors, report),
        is_failing=report.is_failing,
    )
    for event in coverage.combine(order):
        run.recorder.emit(event)


def _copy_log(log: Path, to: Path) -> None:
    try:
        to.write_bytes(log.read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunDirectoryError(f"the event log cannot be written to {to}: {reason}") from error


def _run_plan(run: _Run) -> events.WallTime:
    """Hold the run's lease, bring up what is needed, run the engine, take all down."""
    with contextlib.ExitStack() as stack:
        lease = Lease.acquire(run.run_id, run.settings.environ)
        watcher = Watcher.start(lease.path, run.run_id)
        # In this order the watcher finds nothing left to do.
        stack.callback(watcher.close)
        stack.callback(lease.release)
        stack.callback(_end_strays, run)
        if run.early is not None:
            stack.callback(run.early.close)
        for leftover in sweep(run.settings.environ):
            run.recorder.emit(events.NoticeGiven(level="info", message=leftover))
        basetemp = Path(tempfile.gettempdir()) / f"utr-{run.run_id.rpartition('-')[2]}"
        held = lease.record_directory(basetemp)
        stack.callback(_remove_tree, basetemp)
        stack.callback(lease.forget, held)
        inbox: Inbox[events.Event | Note] = Inbox()
        stack.callback(inbox.close)
        broker = _make_broker(run, lease, inbox)
        if broker is not None:
            stack.callback(_close_broker, broker, run.recorder, inbox)
            broker.start()
        engine = Engine(
            plan=run.plan,
            orders=_orders(run, basetemp),
            recorder=run.recorder,
            broker=broker,
            inbox=inbox,
            mask=Mask(),
        )
        engine.run()
    return engine.wall_time()


def _orders(run: _Run, basetemp: Path) -> Orders:
    plan, settings = run.plan, run.settings
    scrubbed = plan.scrubbed
    is_debugging = run.prepared.options.is_debugging
    environ = {name: value for name, value in settings.environ.items() if name not in scrubbed}
    options = ["--real-services"] if settings.selectors.real_services else []
    if settings.catalogue:
        options += ["--catalogue", settings.catalogue]
    return Orders(
        premises=Premises(
            run_id=run.run_id,
            root=plan.root,
            outputs=run.directory.workers,
            basetemp=basetemp,
            environ=environ,
            start=settings.start,
            early=run.early,
            is_debugging=is_debugging,
            recalled=plan.recalled,
            coverage=run.directory.coverage,
            sources=settings.coverage.sources if settings.coverage.is_wanted else None,
            workers=plan.workers,
            seed=settings.seed if settings.seed is not None else secrets.randbits(32),
        ),
        max_failures=run.prepared.max_failures,
        run_timeout_s=None if is_debugging else settings.run_timeout_s,
        retries_max_failures=settings.retries_max_failures,
        repeat=settings.repeat,
        reproduce_options=tuple(options),
        bookings=run.prepared.bookings,
        preloads=_preloads(run),
    )


def _preloads(run: _Run) -> Preloads:
    plan = run.plan
    if not plan.preload or run.settings.coverage.is_wanted:
        return Preloads()  # lines that run in a template are counted for nobody
    with contextlib.suppress(OSError):
        make_home(plan.root)
    store = plan.root / FOLDER / "preload.json"
    return Preloads(store, chosen=plan.preload, private=plan.scrubbed)


def _make_broker(run: _Run, lease: Lease, inbox: Inbox[events.Event | Note]) -> Broker | None:
    if not run.plan.services:
        return None
    from unified_test_runner.services.broker import Broker, BrokerSettings

    settings = BrokerSettings(
        run_id=run.run_id,
        root=run.plan.root,
        run_dir=run.directory.path,
        environ=run.settings.environ,
        choice=ProviderChoice(run.settings.services),
        slots=run.plan.workers,
        scrubbed=run.plan.scrubbed,
    )
    return Broker(run.plan.services, settings=settings, lease=lease, notify=inbox.put)


def _close_broker(broker: Broker, recorder: Recorder, inbox: Inbox[events.Event | Note]) -> None:
    """Stop the servers; what they say meanwhile belongs to the record."""
    faults = broker.close()
    for note in inbox.take():
        if isinstance(note, events.Event):
            recorder.emit(note)
    for fault in faults:
        recorder.emit(events.NoticeGiven(level="warning", message=fault))


def _end_strays(run: _Run) -> None:
    leaks = {suite.name: suite.leaks for group in run.plan.groups for suite in group.suites}
    for stray in end_strays(run.run_id):
        for event in stray_tests.told(stray, run.recorder.report, leaks):
            run.recorder.emit(event)


def _remove_tree(path: Path) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def with_output_paths(settings: Settings) -> Settings:
    """Return the settings with report paths made absolute, before anything changes folder."""
    output = settings.output
    paths = {
        name: settings.cwd / path
        for name in ("junit_xml", "json", "events", "run_dir")
        if (path := getattr(output, name)) is not None
    }
    return replace(settings, output=replace(output, **paths))
