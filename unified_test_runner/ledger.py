"""Turns what workers send about tests into events, so that every start gets exactly one end."""

from __future__ import annotations

import shlex
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from unified_test_runner.bookings import Booked
from unified_test_runner.errors import ProtocolError
from unified_test_runner.events import (
    Event,
    LateErrorRecorded,
    LeakFound,
    PluginsTold,
    TestFinished,
    TestsPassed,
    TestStarted,
    UnitFinished,
    WarningRecorded,
)
from unified_test_runner.model import EntryKind, Outcome, PhaseResult, When, fold_outcome
from unified_test_runner.occurrences import Occurrences
from unified_test_runner.phases import masked, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from unified_test_runner import steps
    from unified_test_runner.bookings import Where
    from unified_test_runner.masking import Mask
    from unified_test_runner.steps import UnitPlan
    from unified_test_runner.worker import protocol

#: Stands for "no worker" in entries that none reported.
NO_WORKER = -1
#: Told but never a reason to fail: libraries written in C start pools that stay.
TOLERATED_LEAKS = frozenset({"native thread"})


class Ledger:
    """Books every test's start and end.

    Args:
        emit: takes the events.
        mask: removes secrets from texts.
        categories: category of each suite.
        options: what the reproducing command must carry besides the node id.
        leaks: what leftovers of a suite's tests are, where they are not just reported.
    """

    def __init__(
        self,
        *,
        emit: Callable[[Event], None],
        mask: Mask,
        categories: Mapping[str, str | None],
        options: tuple[str, ...],
        leaks: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._emit = emit
        self._mask = mask
        self._categories = categories
        self._options = options
        self._running: dict[int, Booked] = {}
        self._occurrences = Occurrences()
        self._leaks = leaks
        self._suite_of: dict[str, str] = {}
        self._special: dict[tuple[int, str], Booked] = {}
        self._latest: dict[int, protocol.TestStarted] = {}

    def start(
        self,
        worker: int,
        unit: UnitPlan,
        message: protocol.TestStarted,
        now: float,
        counted: frozenset[int] | None = None,
    ) -> int:
        """A worker begins a test; in a second run of its file only `counted` ones count.

        Returns:
            which of its name it is booked as.
        """
        again, nodeid = unit.again, message.nodeid
        self._suite_of[nodeid] = unit.suite
        is_rerun = counted is not None
        if again:
            occurrence = again.occurrence
        elif is_rerun:
            occurrence = self._occurrences.latest(nodeid, unit.repetition)
        else:
            occurrence = self._next_occurrence(nodeid, unit)
        self._running[worker] = running = Booked(message, unit, occurrence, now)
        running.is_rerun = is_rerun
        running.is_in_order = counted is not None and message.index in counted
        if again or is_rerun or occurrence or unit.repetition > 1:
            self._special[worker, nodeid] = running
        self._latest[worker] = message
        return occurrence

    def announce(self, worker: int) -> None:
        """Record the start of the test that a worker is running, unless that was done."""
        running = self._running.get(worker)
        if running is None or running.is_announced:
            return
        running.is_announced = True
        self._emit(
            TestStarted(
                worker=worker,
                nodeid=running.message.nodeid,
                suite=running.unit.suite,
                occurrence=running.occurrence,
                attempt=running.attempt,
                repetition=running.unit.repetition,
                is_in_order=running.is_in_order,
                is_context=running.is_context,
            )
        )

    def end(self, worker: int, message: protocol.TestEnded) -> Outcome:
        """The running test of a worker is over; returns its outcome."""
        running = self._running.pop(worker)
        if message.passed is not None:
            outcome, words = Outcome.PASSED, {}
        else:
            outcome = fold_outcome(message.phases)
            words = {
                "phases": tuple(masked(self._mask, phase) for phase in message.phases),
                "reason": self._mask.apply(reason_of(message.phases)),
            }
        self._emit(
            self._finished(
                worker,
                running,
                outcome,
                message.duration_s,
                passed=message.passed,
                cpu_s=message.cpu_s,
                rss_before_bytes=message.rss_before_bytes,
                rss_after_bytes=message.rss_after_bytes,
                peak_rss_bytes=message.peak_rss_bytes,
                properties=tuple((key, self._mask.apply(text)) for key, text in message.properties),
                **words,
            )
        )
        return outcome

    def pass_all(
        self,
        worker: int,
        unit: UnitPlan,
        collected: protocol.UnitCollected,
        passed: protocol.TestsPassed,
    ) -> bool:
        """The running test and those after it passed; returns whether they could be booked so.

        They cannot where there is another test of the same name.

        Raises:
            ProtocolError: another test is running.
        """
        running = self._running.get(worker)
        if running is None or running.message.index != passed.first:
            raise ProtocolError(f"worker {worker} ends test {passed.first}, which is not running")
        numbers = slice(passed.first, passed.first + len(passed.measured))
        lines, classnames, names = collected.places(numbers)
        ids = collected.ids[numbers]
        if not (running.is_plain and self._occurrences.are_first(ids[1:], unit.repetition)):
            return False
        del self._running[worker]
        if self._leaks:
            self._suite_of.update(dict.fromkeys(ids, unit.suite))
        self._latest[worker] = collected.started(numbers.stop - 1)
        self._emit(
            TestsPassed(
                worker=worker,
                suite=unit.suite,
                category=self._categories.get(unit.suite),
                path=collected.path,
                nodeids=ids,
                lines=lines,
                classnames=classnames,
                names=names,
                measured=passed.measured,
            )
        )
        return True

    def lose_test(self, action: steps.LoseTest, now: float, last_words: str = "") -> None:
        """The running test of a worker ended with its process, which left `last_words`."""
        running = self._running.pop(action.worker)
        duration_s = now - running.since
        phases = self._last_phases(When.CALL, action.reason, last_words)
        self._emit(
            self._finished(
                action.worker,
                running,
                action.outcome,
                duration_s,
                phases=phases,
                reason=phases[0].message,
            )
        )

    def lose_unit(self, action: steps.LoseUnit, last_words: str = "") -> None:
        """What is left of a file gets the outcome the scheduler decided."""
        unit, path = action.unit, action.unit.key.path
        if unit.is_extra and action.outcome is Outcome.NOT_RUN:
            return  # what its tests came to before stands
        again = unit.again
        is_file = action.ids is None and again is None
        lost = (again.nodeid if again else path,) if action.ids is None else action.ids
        for nodeid in lost:
            self._emit(
                TestFinished(
                    worker=NO_WORKER,
                    nodeid=nodeid,
                    suite=unit.suite,
                    category=self._categories.get(unit.suite),
                    outcome=action.outcome,
                    duration_s=0.0,
                    entry=EntryKind.FILE if is_file else EntryKind.TEST,
                    occurrence=again.occurrence if again else self._next_occurrence(nodeid, unit),
                    attempt=again.attempt if again else 1,
                    repetition=unit.repetition,
                    path=path,
                    name=nodeid.rpartition("::")[2],
                    phases=self._last_phases(When.COLLECT, action.reason, last_words),
                    reason=self._mask.apply(action.reason),
                    reproduce=self._command(path, nodeid) if action.outcome.is_bad else "",
                )
            )
        if action.outcome is not Outcome.NOT_RUN:
            self._emit(UnitFinished(worker=NO_WORKER, path=path, first=action.first))

    def enter(self, worker: int, at: Where, message: protocol.EntryReported) -> Outcome:
        """A collector failed or was skipped as a whole; returns the outcome of the entry.

        Where a test is run again that is an attempt at it: its file cannot be had any more.
        """
        phase, again = message.phase, at.unit.again if at.unit else None
        nodeid = again.nodeid if again else message.nodeid
        outcome = Outcome.SKIPPED if phase.outcome == "skipped" else Outcome.ERROR
        self._emit(
            TestFinished(
                worker=worker,
                nodeid=nodeid,
                suite=at.suite,
                category=self._categories.get(at.suite),
                outcome=outcome,
                duration_s=phase.duration_s,
                entry=EntryKind.TEST if again else EntryKind.FILE,
                occurrence=again.occurrence if again else self._next_occurrence(nodeid, at.unit),
                attempt=again.attempt if again else 1,
                repetition=at.unit.repetition if at.unit else 1,
                path=at.path or nodeid,
                name=nodeid.rpartition("::")[2] if again else nodeid,
                phases=(masked(self._mask, phase),),
                reason=self._mask.apply(phase.message),
                reproduce=self._command(at.path, nodeid) if outcome.is_bad else "",
            )
        )
        return outcome

    def amend(self, worker: int, message: protocol.LateError) -> None:
        """A fixture failed to tear down after its last test had ended."""
        special = self._special.get((worker, message.nodeid))
        if special is not None and special.is_context:
            return  # it ran only to come before another test, and counts for nothing
        self._emit(
            LateErrorRecorded(
                worker=worker,
                nodeid=message.nodeid,
                occurrence=special.occurrence if special else 0,
                attempt=special.attempt if special else 1,
                repetition=special.unit.repetition if special else 1,
                phase=masked(self._mask, message.phase),
                reproduce=self._command(self._path(worker, message.nodeid), message.nodeid),
            )
        )

    def _path(self, worker: int, nodeid: str) -> str:
        """Return a test's path from the project root, which need not be pytest's own."""
        path, latest = nodeid.partition("::")[0], self._latest.get(worker)
        known = latest.nodeid.partition("::")[0] if latest else ""
        is_below = latest is not None and bool(known) and latest.path.endswith(f"/{known}")
        return f"{latest.path.removesuffix(known)}{path}" if latest and is_below else path

    def leak(self, worker: int, message: protocol.LeakSent) -> None:
        """A test left something behind."""
        wanted = self._leaks.get(self._suite_of.get(message.nodeid, ""), "report")
        if wanted == "off":
            return
        special = self._special.get((worker, message.nodeid))
        self._emit(
            LeakFound(
                worker=worker,
                nodeid=message.nodeid,
                resource=message.resource,
                what=self._mask.apply(message.what),
                count=message.count,
                pid=message.pid,
                is_failing=wanted == "fail" and message.resource not in TOLERATED_LEAKS,
                occurrence=special.occurrence if special else 0,
            )
        )

    def warn(self, worker: int, message: protocol.WarningSent) -> None:
        """A warning was recorded; it may quote whatever the code has in hand."""
        self._emit(
            WarningRecorded(
                worker=worker,
                message=self._mask.apply(message.message),
                category=message.category,
                nodeid=message.nodeid,
                location=message.location,
            )
        )

    def quote(self, worker: int, message: protocol.PluginsTold) -> None:
        """Plugins wrote something about a worker's session."""
        text = self._mask.apply(message.text)
        self._emit(PluginsTold(worker=worker, where=message.where, text=text))

    def _last_phases(self, when: When, reason: str, last_words: str) -> tuple[PhaseResult, ...]:
        """The phase in which a process ended, with what it left behind as its traceback."""
        return (
            PhaseResult(
                when=when,
                outcome="error",
                duration_s=0.0,
                message=self._mask.apply(reason),
                longrepr=self._mask.apply(last_words),
            ),
        )

    def _finished(
        self,
        worker: int,
        running: Booked,
        outcome: Outcome,
        duration_s: float,
        **measured: Any,
    ) -> TestFinished:
        message = running.message
        return TestFinished(
            worker=worker,
            nodeid=message.nodeid,
            suite=running.unit.suite,
            category=self._categories.get(running.unit.suite),
            outcome=outcome,
            duration_s=duration_s,
            occurrence=running.occurrence,
            attempt=running.attempt,
            repetition=running.unit.repetition,
            is_in_order=running.is_in_order,
            is_context=running.is_context,
            path=message.path,
            line=message.line,
            classname=message.classname,
            name=message.name,
            reproduce=self._command(message.path, message.nodeid) if outcome.is_bad else "",
            **measured,
        )

    def _next_occurrence(self, nodeid: str, unit: UnitPlan | None) -> int:
        """Return how many of this name were there before, in the same repetition."""
        return self._occurrences.following(nodeid, unit.repetition if unit else 1)

    def _command(self, path: str, nodeid: str) -> str:
        """The command that runs this one test again, from the project root."""
        inner = nodeid.partition("::")[2]
        target = f"{path}::{inner}" if inner else path or nodeid
        return shlex.join(["unified-test-runner", target, *self._options])
