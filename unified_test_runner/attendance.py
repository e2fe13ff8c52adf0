"""Templates and workers as such: how they begin, why they cannot, how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner import events, forecast, steps
from unified_test_runner.accounting import Activity
from unified_test_runner.bookings import Where
from unified_test_runner.errors import ProtocolError
from unified_test_runner.last_words import describe_status
from unified_test_runner.model import ExitCode, PhaseResult, When
from unified_test_runner.worker import protocol
from unified_test_runner.worker.child.utr_child import wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from unified_test_runner.accounting import WallClock
    from unified_test_runner.crew import Seat
    from unified_test_runner.ledger import Ledger
    from unified_test_runner.planning.plan import Group
    from unified_test_runner.preloading import Preloads
    from unified_test_runner.recording import Recorder
    from unified_test_runner.worker.template import Template

Beginning = protocol.Hello | protocol.ConfigureFailed | protocol.Misfit | protocol.Walked

#: Importing plugins and conftests may take so long, however short the limit of a test is.
_STARTUP_AT_LEAST_S = 30.0


class Attendance:
    """Records who comes and goes. Keeps no process and decides nothing.

    Args:
        groups: the plan's groups, by index.
        recorder: takes the events.
        ledger: books what fails before there are tests.
        wall: told what slots do.
        preloads: told what workers load.
        urgent: paths of files that go first.
    """

    def __init__(  # noqa: PLR0913 - everything that a worker's start and end concern
        self,
        *,
        groups: Mapping[int, Group],
        recorder: Recorder,
        ledger: Ledger,
        wall: WallClock,
        preloads: Preloads,
        urgent: frozenset[str],
    ) -> None:
        self._groups = groups
        self._recorder = recorder
        self._ledger = ledger
        self._wall = wall
        self._preloads = preloads
        self._urgent = urgent
        self._greeted: set[int] = set()
        self._refused: set[int] = set()
        self._walker_of: dict[int, int] = {}
        self.is_killing = False

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

    def introduce(self, seat: Seat, forked: protocol.Forked) -> None:
        """A worker process exists."""
        seat.process.pid = forked.pid
        group = self._groups[seat.process.group]
        longest_s = max(suite.timeout_s for suite in group.suites)
        seat.allow(max(longest_s, _STARTUP_AT_LEAST_S), self._recorder.now)
        self._recorder.emit(
            events.WorkerStarted(
                worker=forked.worker,
                slot=seat.process.slot,
                group=seat.process.group,
                pid=forked.pid,
            )
        )

    def hear(self, seat: Seat, message: Beginning) -> Iterator[steps.Input]:
        """Record how a worker begins and yield what the scheduler must know of it."""
        match message:
            case protocol.Hello():
                _check_version(message.version, f"worker {seat.process.worker}")
            case protocol.ConfigureFailed():
                yield from self._on_configure_failed(seat, message)
            case protocol.Misfit():
                yield self._on_misfit(seat, message)
            case protocol.Walked():
                yield self._on_walked(seat, message)

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
        self._ledger.enter(seat.process.worker, Where(suite=suite, path=message.path), entry)
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
        units = forecast.walked(group, message.keys, self._urgent)
        self._recorder.emit(
            events.WorkerReady(
                worker=seat.process.worker, startup_s=message.startup_s, units=len(units)
            )
        )
        if self.is_walker(seat):
            differed = forecast.difference(group, units)
            if differed is not None:
                self._recorder.emit(differed)
            for level, note in message.notes:
                self._recorder.emit(events.NoticeGiven(level=level, message=note))
        return steps.WorkerWalked(worker=seat.process.worker, units=units)

    def is_walker(self, seat: Seat) -> bool:
        """Whether this worker's walk stands for its group: the first heard of does."""
        first = self._walker_of.setdefault(seat.process.group, seat.process.worker)
        return first == seat.process.worker

    def take_leave(self, seat: Seat, exited: protocol.Exited) -> None:
        """A worker was reaped."""
        seat.stop_idling(self._recorder.now)
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
        # One that is killed because it is not needed may have walked a moment before.
        if not is_at_end or is_sound or seat.is_killed or self.is_killing:
            return ""
        after = f" after {seat.last_path}" if seat.last_path else ""
        return f"at the end of its session{after}: {describe_status(status)}"


def _check_version(version: int, sender: str) -> None:
    if version != wire.VERSION:
        raise ProtocolError(f"{sender} speaks version {version}, this runner {wire.VERSION}")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
