"""The loop of a run: inputs → scheduler → actions. Nothing else decides or waits.

Inputs come from templates, workers, services, signals and deadlines. All of them are awaited
in one `selectors` loop on the main thread.
"""

from __future__ import annotations

import contextlib
import selectors
import signal
from typing import TYPE_CHECKING

from unified_test_runner import events, forecast, steps
from unified_test_runner.accounting import Activity, WallClock
from unified_test_runner.bell import Bell, Listening
from unified_test_runner.conversation import Conversation
from unified_test_runner.crew import Crew, Seat
from unified_test_runner.errors import ProtocolError, UtrError
from unified_test_runner.inquiry import Inquiry
from unified_test_runner.itinerary import Itinerary
from unified_test_runner.last_words import describe_status
from unified_test_runner.lateness import CLOSED_S, EXIT_S, FINISH_S, complain, describe_overdue
from unified_test_runner.live_output import LiveOutput
from unified_test_runner.memory import MemoryWatch
from unified_test_runner.model import Outcome
from unified_test_runner.orders import open_books
from unified_test_runner.overdue import Ending
from unified_test_runner.scheduler import Scheduler
from unified_test_runner.signals import SignalInbox
from unified_test_runner.slots import Slots
from unified_test_runner.stopping import Stopping
from unified_test_runner.worker import protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from unified_test_runner.inbox import Inbox
    from unified_test_runner.masking import Mask
    from unified_test_runner.orders import Orders
    from unified_test_runner.planning.plan import Plan
    from unified_test_runner.recording import Recorder
    from unified_test_runner.services.broker import Broker
    from unified_test_runner.services.notes import Note
    from unified_test_runner.worker.template import Template


class Engine:
    """Runs a plan.

    Args:
        plan: what to run.
        orders: how.
        recorder: takes the events.
        broker: opens and closes slots; None when the plan needs no services.
        inbox: where the broker leaves its notes.
        mask: learns the secrets of slots.
    """

    def __init__(  # noqa: PLR0913 - the joints of the product meet here, once
        self,
        *,
        plan: Plan,
        orders: Orders,
        recorder: Recorder,
        broker: Broker | None,
        inbox: Inbox[events.Event | Note],
        mask: Mask,
    ) -> None:
        self._recorder = recorder
        self._inbox = inbox
        self._groups = {group.index: group for group in plan.groups}
        self._recalled = plan.recalled
        urgent = plan.recalled.urgent
        self._scheduler = Scheduler(
            [forecast.foreseen(group, urgent) for group in plan.groups],
            plan.workers,
            orders.repeat,
            # What fails in a part of a file may pass in the whole: too late, once it has stopped.
            is_splitting=not orders.max_failures,
            itinerary=None if orders.bookings is None else Itinerary(orders.bookings),
        )
        self._selector = selectors.DefaultSelector()
        self._bell = Bell()
        self._listening = Listening(self._bell)
        self._crew = Crew(
            orders.premises, self._groups, self._watch, self._bell.rope, orders.preloads
        )
        self._wall = WallClock(plan.workers, recorder.now)
        self._slots = Slots(
            groups=self._groups,
            broker=broker,
            inbox=inbox,
            mask=mask,
            wall=self._wall,
            now=lambda: recorder.now,
        )
        self._stopping = Stopping(
            recorder, run_timeout_s=orders.run_timeout_s, max_failures=orders.max_failures
        )
        self._live = LiveOutput(
            self._crew.output, lambda worker, lines: recorder.show(worker, map(mask.apply, lines))
        )
        self._inquiry = Inquiry(self._crew.stacks, recorder.emit)
        self._is_debugging = orders.premises.is_debugging
        self._memory = MemoryWatch(self._groups)
        self._has_ended = False
        self._leaving: Seat | None = None
        self._ledger, self._retrying = open_books(plan, orders, recorder, mask)
        self._talk = Conversation(
            groups=self._groups,
            recorder=recorder,
            ledger=self._ledger,
            wall=self._wall,
            retrying=self._retrying,
            preloads=orders.preloads,
            urgent=urgent,
        )
        self._attendance = self._talk.attendance

    def run(self) -> None:
        """Run to the end. Never raises for anything a test, worker or service does."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._bell.close)
            stack.callback(self._selector.close)
            stack.callback(self._crew.close)
            signals = stack.enter_context(SignalInbox())
            self._selector.register(
                signals, selectors.EVENT_READ, lambda: self._heed(signals.take())
            )
            self._selector.register(self._bell, selectors.EVENT_READ, self._listening.rouse)
            self._selector.register(self._inbox, selectors.EVENT_READ, self._read_notes)
            try:
                self._feed(steps.Begin())
                while not self._has_ended:
                    self._turn()
            except UtrError as error:
                self._recorder.emit(
                    events.ErrorRaised(
                        message=error.message, hint=error.hint, exit_code=error.exit_code
                    )
                )
        self._recorder.tick()

    def wall_time(self) -> events.WallTime:
        """Where the time went until now."""
        return self._wall.split(self._recorder.now)

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._listening.pause_s(self._recorder.now)):
            key.data()
        self._live.mark()
        with self._recorder.held():
            self._listen()
        self._live.read()
        self._look_at_deadlines()
        self._recorder.tick()

    def _listen(self) -> None:
        seats = {**self._crew.seats}
        heard = [
            self._read_worker(seats[worker])
            for worker in self._listening.to(seats, self._recorder.now)
        ]
        self._listening.heard(self._recorder.now, anything=any(heard))

    def _feed(self, happened: steps.Input) -> None:
        for action in self._scheduler.handle(happened):
            self._act(action)

    # --- actions

    def _act(self, action: steps.Action) -> None:
        match action:
            case steps.OpenSlot():
                # The template imports pytest while the services start.
                self._crew.template(action.group)
                self._slots.open(action.slot, action.group)
            case steps.CloseSlot():
                self._slots.close(action.slot)
            case steps.Fork():
                self._wall.turn(action.slot, Activity.STARTUP, self._recorder.now)
                self._crew.fork(action, self._slots.variables(action.slot))
            case steps.Assign():
                self._assign(action)
            case steps.Steal():
                self._crew.seats[action.worker].process.steal(action.how)
            case steps.Finish() | steps.Drain() | steps.Kill():
                self._end_worker(action)
            case steps.LoseTest():
                self._ledger.lose_test(action, self._recorder.now, self._last_words())
                self._count_failures(action.unit.again is None)
            case steps.LoseUnit():
                self._lose_unit(action)
            case steps.End():
                self._has_ended = True
                wanted = self._retrying.at_end(self._recorder.report, self._scheduler.stop_reason)
                self._retry(wanted)

    def _assign(self, action: steps.Assign) -> None:
        seat = self._crew.seats[action.worker]
        group = self._groups[seat.process.group]
        path = action.unit.key.path
        seat.output_from = self._crew.output_size(seat)
        self._talk.begin_unit(seat, action)
        seat.process.run(
            action,
            patterns=group.node_patterns if path in group.filtered else (),
            ids=forecast.inner_ids(group.node_ids, path),
            recall=self._recalled.mode.value,
            recalled=self._recalled.names.get(path, ()),
        )
        if action.unit.repetition > 1 and self._recorder.report.is_vacuous:
            self._feed(steps.DrainWanted(reason="no test was executed"))

    def _lose_unit(self, action: steps.LoseUnit) -> None:
        self._ledger.lose_unit(action, self._last_words())
        if action.unit.again is None:
            # Without any tests left it only says that the file is over.
            self._count_failures(action.outcome.is_bad and action.ids != ())
        elif action.outcome is Outcome.NOT_RUN:
            self._retrying.drop(action.reason)

    def _retry(self, wanted: steps.RetriesWanted | None) -> None:
        if wanted is not None:
            self._has_ended = False
            self._feed(wanted)

    def _end_worker(self, action: steps.Finish | steps.Drain | steps.Kill) -> None:
        seat = self._crew.seats[action.worker]
        if isinstance(action, steps.Kill):
            seat.is_killed = True
            seat.process.kill()
            return
        if isinstance(action, steps.Finish):
            self._wall.turn(seat.process.slot, Activity.SHUTDOWN, self._recorder.now)
            seat.is_ending = True
            seat.deadline = self._recorder.now + FINISH_S
            seat.process.finish()
        else:
            seat.process.drain()

    # --- inputs

    def _watch(self, template: Template) -> None:
        self._selector.register(
            template, selectors.EVENT_READ, lambda: self._read_template(template)
        )

    def _read_notes(self) -> None:
        for happened in self._slots.hear(self._recorder.emit):
            self._feed(happened)

    def _read_template(self, template: Template) -> None:
        received = template.receive()
        if received is None:
            self._bury_template(template)
            return
        for item in received:
            match item.message:
                case protocol.TemplateHello() as hello:
                    self._attendance.greet(template, hello)
                case protocol.Forked() as forked:
                    self._attendance.introduce(self._crew.seats[forked.worker], forked)
                case protocol.Exited() as exited:
                    self._reap(exited)
                case other:
                    raise ProtocolError(f"a template sent {type(other).__name__}")

    def _bury_template(self, template: Template) -> None:
        """A template is gone, and with it the only one who could reap its workers."""
        self._selector.unregister(template)
        left = self._crew.drop_template(template)
        reason = self._attendance.explain_template(template)
        if reason:
            self._feed(steps.GroupFailed(group=template.group, reason=reason))
        for seat in left:
            self._drain_channel(seat)
            self._dismiss(seat, "its template process died")

    def _read_worker(self, seat: Seat) -> bool:
        """Take in what a worker has said; returns whether it said anything."""
        process = seat.process
        if process.is_closed or process.is_at_end:
            return False
        try:
            messages = process.receive()
        except ProtocolError as error:
            self._recorder.emit(events.NoticeGiven(level="error", message=error.message))
            process.kill()
            process.is_at_end = True
            messages = None
        if messages is None:
            seat.is_ending = seat.is_ending or seat.unit is None
            seat.deadline = self._recorder.now + (EXIT_S if seat.has_finished else CLOSED_S)
            return False
        self._converse(seat, messages)
        return bool(messages)

    def _converse(self, seat: Seat, messages: Sequence[protocol.Message]) -> None:
        if seat.ending is not None:
            return  # judged already; what it still says would be somebody else's verdict
        for message in messages:
            self._live.heed(seat.process.worker, message)
            if isinstance(message, protocol.UnitEnded) and (grown := self._memory.outgrown(seat)):
                self._recorder.emit(grown)
                self._feed(steps.RecycleWanted(worker=grown.worker))
            for happened in self._talk.hear(seat, message):
                self._feed(happened)
            if isinstance(message, protocol.Finished):
                seat.is_ending = True
                seat.deadline = self._recorder.now + EXIT_S
        self._talk.pause(seat)
        failures = self._talk.take_failures()
        self._count_failures(0 if seat.is_retrying else failures)

    def _count_failures(self, failures: int) -> None:
        self._stop(self._stopping.count(failures))

    def _reap(self, exited: protocol.Exited) -> None:
        seat = self._crew.seat_of(exited.pid)
        if seat is None:
            return
        self._drain_channel(seat)
        self._attendance.take_leave(seat, exited)
        cause = describe_status(exited.status) + self._memory.explain(seat, exited.status)
        self._dismiss(seat, cause)

    def _drain_channel(self, seat: Seat) -> None:
        """Read what the worker wrote before it died: results are never lost."""
        while not seat.process.is_at_end:
            try:
                messages = seat.process.receive()
            except (ProtocolError, OSError):
                return
            if not messages:
                return
            self._converse(seat, messages)

    def _dismiss(self, seat: Seat, cause: str) -> None:
        self._live.end(seat.process.worker)
        self._crew.dismiss(seat.process.worker)
        self._leaving = seat
        self._feed(steps.WorkerExited(worker=seat.process.worker, cause=cause))
        self._leaving = None
        if seat.last_unit is not None and not self._scheduler.stop_reason:
            self._retry(self._retrying.after(seat.last_unit, self._recorder.report))

    def _last_words(self) -> str:
        """What the worker that is just being dismissed left behind."""
        return self._crew.last_words(self._leaving) if self._leaving is not None else ""

    # --- signals and deadlines

    def _heed(self, numbers: Sequence[int]) -> None:
        if signal.SIGUSR1 in numbers:
            self._inquiry.ask(self._crew.seats.values(), self._recorder.now)
        is_theirs = self._is_debugging and bool(self._crew.seats)
        # Ctrl-C reaches the debugger as well as us: it is the debugger that is meant.
        others = {signal.SIGUSR1, *([signal.SIGINT] if is_theirs else [])}
        ours = [number for number in numbers if number not in others]
        self._stop(self._stopping.heed(ours))

    def _look_at_deadlines(self) -> None:
        now = self._recorder.now
        self._inquiry.go_on(now)
        self._stop(self._stopping.look(now))
        if self._is_debugging:
            return  # nobody is overdue who waits for a person
        for seat in list(self._crew.seats.values()):
            if seat.ending is not None:
                seat.ending.go_on(now)
            elif seat.deadline is not None and now >= seat.deadline:
                self._end_overdue(seat)
        for seat, reason in self._memory.look(self._crew.seats.values(), now):
            worker = seat.process.worker
            self._feed(steps.Overdue(worker=worker, reason=reason, outcome=Outcome.CRASHED))
            self._begin_ending(seat)

    def _stop(self, wishes: Iterable[steps.Input]) -> None:
        for wish in wishes:
            if isinstance(wish, steps.KillWanted):
                self._attendance.is_killing = True
            self._feed(wish)

    def _end_overdue(self, seat: Seat) -> None:
        """A worker is over its time: end it, in steps that `_look_at_deadlines` goes on with."""
        worker = seat.process.worker
        if seat.is_ending:
            self._recorder.emit(complain(seat))
        else:
            self._feed(steps.Overdue(worker=worker, reason=describe_overdue(seat)))
        self._begin_ending(seat)

    def _begin_ending(self, seat: Seat) -> None:
        stacks = self._crew.stacks(seat.process.worker)
        seat.ending = Ending(seat.process, stacks, self._recorder.now)
