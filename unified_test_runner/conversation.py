"""What messages of templates and workers mean: events for the record, inputs for the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner import events, forecast, steps
from unified_test_runner.accounting import Activity
from unified_test_runner.errors import ProtocolError
from unified_test_runner.last_words import describe_status
from unified_test_runner.model import ExitCode, PhaseResult, When
from unified_test_runner.worker import protocol
from unified_test_runner.worker.child.utr_child import wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from unified_test_runner.accounting import WallClock
    from unified_test_runner.crew import Seat
    from unified_test_runner.ledger import Ledger
    from unified_test_runner.planning.plan import Group
    from unified_test_runner.preloading import Preloads
    from unified_test_runner.recording import Recorder
    from unified_test_runner.worker.template import Template

#: Importing plugins and conftests may take so long, however short the limit of a test is.
_STARTUP_AT_LEAST_S = 30.0


class Conversation:
    """Understands workers. Keeps no process and decides nothing.

    Args:
        groups: the plan's groups, by index.
        recorder: takes the events.
        ledger: books the tests.
        wall: told what slots do.
        preloads: told what workers load.
    """

    def __init__(
        self,
        groups: Mapping[int, Group],
        recorder: Recorder,
        ledger: Ledger,
        wall: WallClock,
        preloads: Preloads,
    ) -> None:
        self._preloads = preloads
        #: Paths of files that go first.
        self.urgent: frozenset[str] = frozenset()
        self._groups = groups
        self._recorder = recorder
        self._ledger = ledger
        self._wall = wall
        self._greeted: set[int] = set()
        self._refused: set[int] = set()
        self._walker_of: dict[int, int] = {}
        self.is_killing = False
        self._limits = {s.name: s.timeout_s for g in groups.values() for s in g.suites}
        self._failures = 0

    def take_failures(self) -> int:
        """How many bad outcomes were heard of since the last call."""
        failures, self._failures = self._failures, 0
        return failures

    # --- templates

    def greet(self, template: Template, hello: protocol.TemplateHello) -> None:
        """A template is ready to start workers."""
        _check_version(hello.version, f"template of group {template.group}")
        self._greeted.add(template.group)
        self._preloads.refuse(self._groups[template.group], hello.refused)
        self._recorder.emit(
            events.TemplateReady(
                group=template.group,
                pid=hello.pid,
                startup_s=self._recorder.now,
                python=hello.python,
                pytest=hello.pytest,
                start=hello.start,
                reason=hello.reason,
                preloaded=hello.preloaded,
            )
        )

    def explain_template(self, template: Template) -> str:
        """Why a template that never said hello cannot be had; empty if it did."""
        if template.group in self._greeted:
            return ""
        interpreter = self._groups[template.group].interpreter
        last = _last_line(template.said())
        message = f"{interpreter} cannot run pytest: {last or 'it ended without a word'}"
        hint = f"{interpreter} -m pip install pytest"
        self._recorder.emit(
            events.ErrorRaised(message=message, hint=hint, exit_code=ExitCode.USAGE)
        )
        return message

    # --- time limits

    def _allow(self, seat: Seat, limit_s: float, now: float | None = None) -> None:
        """What the worker does from now on may take so long."""
        seat.busy_since = self._recorder.now
        seat.limit_s = limit_s
        seat.deadline = (self._recorder.now if now is None else now) + limit_s

    def describe_overdue(self, seat: Seat) -> str:
        """Say what took too long in a worker whose deadline has passed."""
        limit = f"longer than its limit of {seat.limit_s:g} s"
        if seat.test:
            return limit
        if seat.unit is not None:
            return limit if not seat.is_collected else f"between tests, {limit}"
        return f"while it started, {limit}"

    # --- workers

    def introduce(self, seat: Seat, forked: protocol.Forked) -> None:
        """A worker process exists."""
        seat.process.pid = forked.pid
        group = self._groups[seat.process.group]
        longest_s = max(suite.timeout_s for suite in group.suites)
        self._allow(seat, max(longest_s, _STARTUP_AT_LEAST_S))
        self._recorder.emit(
            events.WorkerStarted(
                worker=forked.worker,
                slot=seat.process.slot,
                group=seat.process.group,
                pid=forked.pid,
            )
        )

    def begin_unit(self, seat: Seat, action: steps.Assign) -> None:
        """A worker is given a unit, or a part of one."""
        unit = action.unit
        self._stop_idling(seat)
        seat.unit, seat.first, seat.counted = unit, action.first, action.counted
        seat.last_path = unit.key.path
        seat.test, seat.is_collected = "", False
        self._allow(seat, self._limits[unit.suite])
        seat.unit_since = self._recorder.now
        self._wall.turn(seat.process.slot, Activity.COLLECTION, seat.unit_since)
        self._recorder.emit(
            events.UnitStarted(
                worker=seat.process.worker,
                path=unit.key.path,
                suite=unit.suite,
                collector=unit.key.collector,
                ordinal=unit.key.ordinal,
                first=action.first,
                start=action.start,
                stop=action.stop,
                giver=action.giver,
                is_rerun=action.counted is not None,
            )
        )

    def hear(self, seat: Seat, message: protocol.Message) -> Iterable[steps.Input]:
        """Record a worker's message and return what the scheduler must know of it."""
        # First and without a detour: most messages by far.
        if isinstance(message, protocol.TestStarted):
            return self._on_test_started(seat, message)
        if isinstance(message, protocol.TestEnded):
            return self._on_test_ended(seat, message)
        return self._hear_of_worker(seat, message)

    def pause(self, seat: Seat) -> None:
        """The worker has said all it had to say for now: what it is still at is recorded."""
        self._ledger.announce(seat.process.worker)

    def _on_test_started(
        self, seat: Seat, message: protocol.TestStarted
    ) -> tuple[steps.Input, ...]:
        worker, now = seat.process.worker, self._recorder.now
        seat.test = message.nodeid
        self._allow(seat, message.limit_s or self._limits[seat.suite], now)
        self._ledger.start(worker, seat.suite, message, now, seat.counted)
        return (steps.TestBegun(worker=worker, index=message.index),)

    def _on_test_ended(self, seat: Seat, message: protocol.TestEnded) -> tuple[steps.Input, ...]:
        worker = seat.process.worker
        seat.test = ""
        seat.rss_bytes = message.rss_after_bytes
        self._allow(seat, self._limits[seat.suite], self._recorder.now)
        is_bad = self._ledger.end(worker, message).is_bad
        self._failures += is_bad
        done = steps.TestDone(worker=worker, is_bad=is_bad, duration_s=message.duration_s)
        return (done,)

    def _hear_of_worker(self, seat: Seat, message: protocol.Message) -> Iterator[steps.Input]:
        worker = seat.process.worker
        match message:
            case protocol.Hello():
                _check_version(message.version, f"worker {worker}")
            case protocol.ConfigureFailed():
                yield from self._on_configure_failed(seat, message)
            case protocol.Misfit():
                yield self._on_misfit(seat, message)
            case protocol.Walked():
                yield self._on_walked(seat, message)
            case protocol.EntryReported():
                self._on_entry(seat, message)
            case protocol.PluginsTold():
                self._ledger.quote(worker, message)
            case protocol.Stopped(is_interrupt=True):
                self._recorder.emit(events.RunInterrupted(signal="SIGINT", is_draining=True))
                yield steps.DrainWanted(reason="the run was interrupted by SIGINT")
            case protocol.Stopped():
                yield steps.DrainWanted(reason=f"pytest stopped: {message.reason}")
            case protocol.Finished():
                seat.has_finished = True
            case _:
                yield from self._hear_of_unit(seat, message)

    def _hear_of_unit(self, seat: Seat, message: protocol.Message) -> Iterator[steps.Input]:
        worker = seat.process.worker
        match message:
            case protocol.UnitStarted():
                yield steps.UnitBegun(worker=worker)
            case protocol.UnitUnknown():
                seat.unit = None
                yield steps.UnitUnknown(worker=worker)
            case protocol.UnitDiffers():
                yield self._on_differs(seat)
            case protocol.Given():
                yield self._on_given(seat, message)
            case protocol.Kept():
                yield steps.Kept(worker=worker)
            case protocol.UnitCollected():
                yield self._on_collected(seat, message)
            case protocol.UnitEnded():
                yield self._on_unit_ended(seat, message)
            case _:
                self._hear_of_test(worker, message)

    def _hear_of_test(self, worker: int, message: protocol.Message) -> None:
        match message:
            case protocol.LateError():
                self._failures += 1
                self._ledger.amend(worker, message)
            case protocol.WarningSent():
                self._ledger.warn(worker, message)
            case protocol.LeakSent():
                self._ledger.leak(worker, message)
            case _:
                raise ProtocolError(f"worker {worker} sent {type(message).__name__} out of turn")

    def _on_configure_failed(
        self, seat: Seat, message: protocol.ConfigureFailed
    ) -> Iterator[steps.Input]:
        """Pytest refuses its arguments, or a conftest or plugin does not import."""
        seat.has_finished = True
        group = seat.process.group
        if group in self._refused:
            return
        self._refused.add(group)
        if message.is_usage:
            text = " ".join(message.text.split())
            self._recorder.emit(
                events.ErrorRaised(message=f"pytest: {text}", exit_code=ExitCode.USAGE)
            )
            yield steps.DrainWanted(reason="pytest refused its arguments")
            return
        phase = PhaseResult(
            when=When.COLLECT,
            outcome="failed",
            duration_s=0.0,
            message=message.message,
            longrepr=message.text,
        )
        where = message.path or (
            "the end of the session" if seat.is_walked else "pytest's configuration"
        )
        suite = self._groups[group].suites[0].name
        entry = protocol.EntryReported(nodeid=where, phase=phase)
        self._ledger.enter(seat.process.worker, suite, message.path, entry)
        if not seat.is_walked:
            yield steps.GroupFailed(group=group, reason=f"{where} fails: {message.message}")

    def _on_misfit(self, seat: Seat, message: protocol.Misfit) -> steps.Input:
        seat.has_finished = True
        group = self._groups[seat.process.group]
        if self._preloads.spare(group):
            self._preloads.refuse(group, {message.module: message.reason})
            self._recorder.emit(
                events.NoticeGiven(
                    level="info",
                    message=f"workers began anew, each loading everything itself, because "
                    f"{message.module} did not fit: {message.reason}",
                )
            )
        return steps.WorkerMisfit(worker=seat.process.worker)

    def _on_walked(self, seat: Seat, message: protocol.Walked) -> steps.Input:
        seat.is_walked = True
        seat.deadline = None
        seat.idle_since = self._recorder.now
        self._wall.turn(seat.process.slot, Activity.IDLE, self._recorder.now)
        group = self._groups[seat.process.group]
        self._preloads.learn(group, message.modules)
        units = forecast.walked(group, message.keys, self.urgent)
        self._recorder.emit(
            events.WorkerReady(
                worker=seat.process.worker, startup_s=message.startup_s, units=len(units)
            )
        )
        if self._is_walker(seat):
            differed = forecast.difference(group, units)
            if differed is not None:
                self._recorder.emit(differed)
            for level, note in message.notes:
                self._recorder.emit(events.NoticeGiven(level=level, message=note))
        return steps.WorkerWalked(worker=seat.process.worker, units=units)

    def _is_walker(self, seat: Seat) -> bool:
        """Whether this worker's walk stands for its group: the first heard of does."""
        first = self._walker_of.setdefault(seat.process.group, seat.process.worker)
        return first == seat.process.worker

    def _on_entry(self, seat: Seat, message: protocol.EntryReported) -> None:
        """Directories are walked by every worker; what fails there is told once."""
        if seat.unit is None and not self._is_walker(seat):
            return
        suite = seat.suite or self._suite_of(seat.process.group, message.nodeid)
        outcome = self._ledger.enter(seat.process.worker, suite, seat.path, message)
        self._failures += outcome.is_bad

    def _suite_of(self, group: int, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        suites = self._groups[group].suites
        planned = (s.name for s in suites for unit in s.units if unit.path == path)
        return next(planned, suites[0].name)

    def _on_collected(self, seat: Seat, message: protocol.UnitCollected) -> steps.Input:
        # Told some time after it was: the worker's own clock says when tests began.
        began_s = min(seat.unit_since + message.duration_s, self._recorder.now)
        self._wall.turn(seat.process.slot, Activity.TESTS, began_s)
        seat.is_collected = True
        self._allow(seat, self._limits[seat.suite])
        self._recorder.emit(
            events.UnitCollected(
                worker=seat.process.worker,
                path=seat.path,
                suite=seat.suite,
                tests=len(message.ids),
                deselected=message.deselected,
                duration_s=message.duration_s,
            )
        )
        return steps.UnitCollected(worker=seat.process.worker, ids=message.ids)

    def _on_unit_ended(self, seat: Seat, message: protocol.UnitEnded) -> steps.Input:
        self._recorder.emit(
            events.UnitFinished(worker=seat.process.worker, path=seat.path, first=seat.first)
        )
        self._rest(seat)
        return steps.UnitDone(worker=seat.process.worker, ran=message.ran)

    def _on_given(self, seat: Seat, message: protocol.Given) -> steps.Input:
        worker = seat.process.worker
        self._recorder.emit(events.UnitSplit(worker=worker, path=seat.path, index=message.index))
        return steps.Given(worker=worker, index=message.index)

    def _on_differs(self, seat: Seat) -> steps.Input:
        worker = seat.process.worker
        self._recorder.emit(forecast.disagreement(seat.path, worker))
        self._rest(seat)
        return steps.UnitDiffers(worker=worker)

    def _rest(self, seat: Seat) -> None:
        """A worker has nothing in hand."""
        seat.unit = None
        seat.deadline = seat.busy_since = None
        seat.idle_since = self._recorder.now
        self._wall.turn(seat.process.slot, Activity.IDLE, self._recorder.now)

    def take_leave(self, seat: Seat, exited: protocol.Exited) -> None:
        """A worker was reaped."""
        self._stop_idling(seat)
        if not seat.is_walked and self._walker_of.get(seat.process.group) == seat.process.worker:
            del self._walker_of[seat.process.group]  # its walk never came
        is_expected = seat.has_finished and exited.status in {0, wire.REFUSED}
        self._recorder.emit(
            events.WorkerExited(
                worker=seat.process.worker,
                slot=seat.process.slot,
                status=exited.status,
                is_expected=is_expected,
                cpu_s=exited.cpu_s,
                peak_rss_bytes=exited.peak_rss_bytes,
                idle_s=seat.idle_s,
                fault=self._end_fault(seat, exited.status),
            )
        )
        for pid in sorted(seat.process.foreign_pids):
            message = f"a process forked by a test of worker {seat.process.worker} (pid {pid})"
            self._recorder.emit(
                events.NoticeGiven(
                    level="warning",
                    message=f"{message} went on running tests; its results were dropped",
                    hint="end such a process with os._exit",
                )
            )

    def _end_fault(self, seat: Seat, status: int) -> str:
        """Say what went wrong at the end of a worker's session, of which no test can tell."""
        is_at_end = seat.is_walked and seat.unit is None
        is_sound = (seat.has_finished and status == 0) or status == wire.REFUSED
        if not is_at_end or is_sound or self.is_killing:
            return ""
        after = f" after {seat.last_path}" if seat.last_path else ""
        return f"at the end of its session{after}: {describe_status(status)}"

    def complain(self, seat: Seat) -> events.Event:
        """A worker did not end in time and is killed."""
        what = "at the end of its interpreter" if seat.has_finished else "at the end of its session"
        return events.NoticeGiven(
            level="error",
            message=f"worker {seat.process.worker} hung {what} and was killed",
            hint="look for threads that are not daemons, and for fixtures that wait",
        )

    def _stop_idling(self, seat: Seat) -> None:
        if seat.idle_since is not None:
            seat.idle_s += self._recorder.now - seat.idle_since
            seat.idle_since = None


def _check_version(version: int, sender: str) -> None:
    if version != wire.VERSION:
        raise ProtocolError(f"{sender} speaks version {version}, this runner {wire.VERSION}")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
