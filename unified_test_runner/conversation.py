"""What messages of workers mean: events for the record, inputs for the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner import events, forecast, steps
from unified_test_runner.accounting import Activity
from unified_test_runner.attendance import Attendance
from unified_test_runner.bookings import Where
from unified_test_runner.errors import ProtocolError
from unified_test_runner.retrying import Place
from unified_test_runner.worker import protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from unified_test_runner.accounting import WallClock
    from unified_test_runner.crew import Seat
    from unified_test_runner.ledger import Ledger
    from unified_test_runner.planning.plan import Group
    from unified_test_runner.preloading import Preloads
    from unified_test_runner.recording import Recorder
    from unified_test_runner.retrying import Retrying

#: Importing plugins and conftests may take so long, however short the limit of a test is.
_STARTUP_AT_LEAST_S = 30.0


class Conversation:
    """Understands workers. Keeps no process and decides nothing.

    Args:
        groups: the plan's groups, by index.
        recorder: takes the events.
        ledger: books the tests.
        wall: told what slots do.
        retrying: told where each test is, should it have to be found again.
        preloads: told what workers load.
        urgent: paths of files that go first.
    """

    def __init__(  # noqa: PLR0913 - everything that a worker speaks of
        self,
        *,
        groups: Mapping[int, Group],
        recorder: Recorder,
        ledger: Ledger,
        wall: WallClock,
        retrying: Retrying,
        preloads: Preloads,
        urgent: frozenset[str],
    ) -> None:
        self._groups = groups
        self._recorder = recorder
        self._ledger = ledger
        self._wall = wall
        self._retrying = retrying
        #: Told of workers as such, and of templates.
        self.attendance = Attendance(
            groups=groups,
            recorder=recorder,
            ledger=ledger,
            wall=wall,
            preloads=preloads,
            urgent=urgent,
        )
        self._limits = {s.name: s.timeout_s for g in groups.values() for s in g.suites}
        self._failures = 0

    def take_failures(self) -> int:
        """How many bad outcomes were heard of since the last call."""
        failures, self._failures = self._failures, 0
        return failures

    def begin_unit(self, seat: Seat, action: steps.Assign) -> None:
        """A worker is given a unit, or a part of one."""
        unit = action.unit
        seat.stop_idling(self._recorder.now)
        seat.unit = seat.last_unit = unit
        seat.first, seat.counted, seat.broken = action.first, action.counted, None
        seat.last_path = unit.key.path
        seat.test, seat.is_collected = "", False
        seat.allow(self._limits[unit.suite], self._recorder.now)
        seat.unit_since = self._recorder.now
        self._wall.turn(seat.process.slot, Activity.COLLECTION, seat.unit_since)
        self._recorder.emit(
            events.UnitStarted(
                worker=seat.process.worker,
                path=unit.key.path,
                suite=unit.suite,
                attempt=unit.again.attempt if unit.again else 1,
                repetition=unit.repetition,
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
        match message:
            case protocol.TestsPassed():
                return self._on_tests_passed(seat, message)
            case protocol.TestBegun():
                started = seat.collected.started(message.index, message.limit_s)
                return self._on_test_started(seat, started)
            case protocol.TestStarted():
                return self._on_test_started(seat, message)
            case protocol.TestEnded():
                return self._on_test_ended(seat, message)
            case _:
                return self._hear_of_worker(seat, message)

    def pause(self, seat: Seat) -> None:
        """The worker has said all it had to say for now: what it is still at is recorded.

        Of a test that is not seen running at two looks at its worker only the end is recorded.
        """
        if seat.test and seat.test == seat.seen:
            self._ledger.announce(seat.process.worker)
        seat.seen = seat.test

    def _on_test_started(
        self, seat: Seat, message: protocol.TestStarted
    ) -> tuple[steps.Input, ...]:
        worker, now = seat.process.worker, self._recorder.now
        seat.test = message.nodeid
        seat.allow(message.limit_s or self._limits[seat.suite], now)
        self._start_test(seat, message, now)
        return (steps.TestBegun(worker=worker, index=message.index),)

    def _on_test_ended(self, seat: Seat, message: protocol.TestEnded) -> tuple[steps.Input, ...]:
        worker = seat.process.worker
        seat.test = ""
        seat.rss_bytes = message.rss_after_bytes
        seat.allow(self._limits[seat.suite], self._recorder.now)
        is_bad = self._ledger.end(worker, message).is_bad
        self._failures += is_bad
        done = steps.TestDone(worker=worker, is_bad=is_bad, duration_s=message.duration_s)
        return (done,)

    def _on_tests_passed(self, seat: Seat, message: protocol.TestsPassed) -> Iterator[steps.Input]:
        if self._book_together(seat, message):
            yield steps.TestsPassed(
                worker=seat.process.worker,
                index=message.first + len(message.measured) - 1,
                count=len(message.measured),
                duration_s=sum(duration_s for duration_s, *_ in message.measured),
            )
        else:
            for index, measured in enumerate(message.measured, start=message.first):
                if index > message.first:
                    yield from self._on_test_started(seat, seat.collected.started(index))
                yield from self._on_test_ended(seat, protocol.TestEnded.of(measured))
        if message.following is not None:
            yield from self._on_test_started(seat, seat.collected.started(message.following))

    def _book_together(self, seat: Seat, message: protocol.TestsPassed) -> bool:
        """Book tests that passed in a row, where nothing is to be told apart among them."""
        unit = seat.unit
        if unit is None or unit.is_extra or seat.counted is not None:
            return False
        if self._retrying.concerns(unit):
            return False
        if not self._ledger.pass_all(seat.process.worker, unit, seat.collected, message):
            return False
        _, _, _, seat.rss_bytes, *_ = message.measured[-1]
        seat.test = ""
        seat.allow(self._limits[unit.suite], self._recorder.now)
        return True

    def _hear_of_worker(self, seat: Seat, message: protocol.Message) -> Iterator[steps.Input]:
        worker = seat.process.worker
        match message:
            case (
                protocol.Hello()
                | protocol.ConfigureFailed()
                | protocol.Misfit()
                | protocol.Walked()
            ):
                yield from self.attendance.hear(seat, message)
            case protocol.EntryReported():
                self._on_entry(seat, message)
            case protocol.PluginsTold():
                self._ledger.quote(worker, message)
            case protocol.Stopped(is_interrupt=True):
                self._recorder.emit(events.RunInterrupted(signal="SIGINT", is_draining=True))
                yield steps.DrainWanted(reason="the run was interrupted by SIGINT")
            case protocol.Stopped() if seat.is_retrying:
                pass  # a retry that fails is no reason to end the run
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

    def _start_test(self, seat: Seat, message: protocol.TestStarted, now: float) -> None:
        unit = seat.unit
        if unit is None:
            raise ProtocolError(f"worker {seat.process.worker} starts a test of no file")
        occurrence = self._ledger.start(seat.process.worker, unit, message, now, seat.counted)
        if self._retrying.concerns(unit):
            group, index = seat.process.group, message.index
            place = Place(group=group, unit=unit, ids=seat.collected.ids, index=index)
            self._retrying.note(message.nodeid, occurrence, place)

    def _on_entry(self, seat: Seat, message: protocol.EntryReported) -> None:
        """Directories are walked by every worker; what fails there is told once.

        A test that is run again may still be found in a file of which a part is broken.
        """
        if seat.unit is None and not self.attendance.is_walker(seat):
            return
        if seat.is_retrying:
            seat.broken = message
            return
        suite = seat.suite or self._suite_of(seat.process.group, message.nodeid)
        at = Where(suite=suite, path=seat.path, unit=seat.unit)
        self._failures += self._ledger.enter(seat.process.worker, at, message).is_bad

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
        seat.collected = message
        if seat.is_retrying and not message.ids:
            self._on_retry_gone(seat)
        seat.allow(self._limits[seat.suite], self._recorder.now)
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

    def _on_retry_gone(self, seat: Seat) -> None:
        """A test that was to be run again is not there: its file is broken, or has changed."""
        if seat.broken is not None:
            at = Where(suite=seat.suite, path=seat.path, unit=seat.unit)
            self._ledger.enter(seat.process.worker, at, seat.broken)
        elif seat.unit is not None and seat.unit.again is not None:
            self._retrying.miss(seat.unit.again)

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
