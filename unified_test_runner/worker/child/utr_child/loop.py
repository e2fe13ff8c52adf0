"""The run loop: one file at a time, collected when it is handed out, results sent as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import CallInfo

from . import leaks, record, wire
from .blame import Blame
from .choice import only, wanted
from .originals import time
from .owners import Owners
from .printed import Printed
from .recall import recalled
from .repeat import Kept
from .sharing import Share
from .telling import Teller
from .view import CollectionView
from .vitals import Vitals
from .walk import Park, Unit, Walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from .channel import Channel
    from .record import Meter

#: What ends a pytest session wherever it is raised; the test it came from is an error.
_SESSION_ENDS = (KeyboardInterrupt, pytest.exit.Exception)
_WARNINGS_SENT_AT_MOST = 500
#: The runner's wishes may wait so long: most tests are shorter.
_LISTEN_S = 0.002


class _Unsound(Exception):  # noqa: N818 - a fact: this process can run no further test
    """A test left the process in a state in which nothing works."""


class RunLoop:
    """Runs the units that the runner hands out; a plugin, so that it sees every report."""

    def __init__(
        self,
        session: pytest.Session,
        walk: Walk,
        channel: Channel,
        spec: dict[str, Any],
        meter: Meter,
    ) -> None:
        self.walk = walk
        self._session = session
        self._channel = channel
        self._teller = Teller(channel, spec["root"])
        self._looks_for_leaks = spec.get("leaks")
        self._paths: list[str] | None = spec["choice"].get("paths")
        self._meter = meter
        self._reading = meter.read()
        self._last: pytest.Item | None = None
        self._phases: list[dict[str, Any]] = []
        self._sections = 0
        self._view = CollectionView()
        self._kept = Kept()
        self._blame = Blame()
        self._is_debugging: bool = spec["is_debugging"]
        self.whereabouts = ""
        self.label_of: Callable[[Any], str] | None = None
        self._printed = Printed(session.config, "" if spec["is_debugging"] else spec["output"])
        self._deselected = 0
        self._warnings = 0
        self._listened = 0.0
        self._is_stopping = False
        self._is_again = False
        self._last_unit: Unit | None = None
        self._share = Share([], 0.0)
        self.is_unsound = False

    def run(self) -> None:
        """Serve until told to finish, or until a test or plugin asks pytest to stop."""
        self._view.take()
        self._vitals = Vitals(self._session.config)
        self._leaks = leaks.watch(self._looks_for_leaks)
        self._owners = Owners(self._session.config, self.walk.nodes.items(), self._paths)
        try:
            while self._serve(self._channel.receive()):
                pass
        except _SESSION_ENDS as error:
            self._tell_of_end(error)
            raise
        except _Unsound:
            self.is_unsound = True  # the runner sees us end, and gives the rest to another
        finally:
            self._channel.flush()  # whatever the end of the session still breaks
        self._tear_down_to(None)
        self._tell_leaks()

    def _serve(self, message: dict[str, Any]) -> bool:
        if message["k"] == wire.STEAL:
            return True  # the file it was about has ended, which the runner hears just now
        if message["k"] != wire.RUN:
            return False
        unit: Unit = (message["unit"][0], message["unit"][1], message["unit"][2])
        node = self.walk.nodes.get(unit)
        if node is None:
            self._channel.send(wire.UNIT_UNKNOWN)
            return True
        self._channel.send(wire.UNIT_STARTED)
        self._channel.flush()
        self._take_up(unit, node, message)
        items = self._share.begin()
        stop = len(items) if message["stop"] is None else min(message["stop"], len(items))
        if self._tell_collected(unit, message["expected"], range(message["start"], stop)):
            ran = self._run_items(node, items, message["start"], stop)
            if not self._blame.is_any_alive():
                self._tell_leaks()
            self._channel.send(wire.UNIT_ENDED, ran=ran)
        return not self._is_stopping

    def _has_left_debugger(self, error: BaseException) -> bool:
        """Whether the failure that led into the debugger is told already."""
        has_failed = any(phase["outcome"] == "failed" for phase in self._phases)
        return self._is_debugging and has_failed and isinstance(error, _SESSION_ENDS)

    def _tell_of_end(self, error: BaseException) -> None:
        """Whoever leaves the debugger wants the run to end, not another worker."""
        if self._is_debugging:
            is_interrupt = isinstance(error, KeyboardInterrupt)
            reason = record.told(error).splitlines()[0]
            self._channel.send(wire.STOPPED, reason=reason, is_interrupt=is_interrupt)

    # --- collecting one file

    def _take_up(self, unit: Unit, node: Any, message: dict[str, Any]) -> None:
        """Have the tests of a unit at hand, without collecting them a second time."""
        repeated = self._kept.again(unit)
        if repeated is not None:
            self._deselected = 0  # told already
            self._share = Share(repeated, 0.0, "it is repeated")
            if not self.walk.is_whole:
                self._session.items = repeated
        elif unit != self._last_unit:
            self._last_unit = None
            if self.walk.is_whole:
                items = only(self.walk.runs[unit], message["only"])
                self._share = Share(items, 0.0, "everything is collected at once")
            else:
                self._collect(node, message)
            self._last_unit = unit
        if message["is_repeated"]:
            self._kept.keep(unit, self._share.items)

    def _collect(self, node: Any, message: dict[str, Any]) -> None:
        """Import the file and find the tests to run, as `perform_collect` would."""
        began = time.perf_counter()
        self.whereabouts = message["unit"][0]
        self._deselected = 0
        items: list[pytest.Item] = []
        # What there is to say of the file has been said by the worker that took it first.
        self._is_again = message["expected"] is not None
        # Before pytest 9 a file is not collected twice in a session.
        getattr(self._session, "_collection_cache", {}).pop(node, None)
        try:
            with self._view.entered(), self._owners.present(node):
                items = self._wanted(list(self.walk.expand(node)), message)
                self._modify(items)
                items = only(items, message["only"])
        except BaseException as error:
            self._report_broken_collection(node, error)
            items = []
            if isinstance(error, (*_SESSION_ENDS, pytest.UsageError)):
                # The file has its one entry; the worker's end is none of its own.
                self._share = Share(items, 0.0)
                self._tell_collected(None, message["expected"])
                raise
        finally:
            self._is_again = False
        self._session.items = items
        self._session.testscollected += len(items)
        self._share = Share(items, time.perf_counter() - began)

    def _tell_collected(
        self, unit: Unit | None, expected: list[int] | None, run: range = range(0)
    ) -> bool:
        """Tell which tests there are; returns whether they are those that were asked for."""
        if expected is not None:
            ids = [item.nodeid for item in self._share.items]
            if expected != [len(ids), wire.checksum(ids)]:
                self._channel.send(wire.UNIT_DIFFERS)
                return False
        # Where all was collected at once, whichever worker has the first unit tells for all.
        is_told = not self.walk.is_whole or unit == next(iter(self.walk.runs))
        self._teller.collected(
            self._share.items,
            run,
            deselected=self._deselected if is_told else 0,
            duration_s=self._share.collect_s,
        )
        return True

    def _wanted(self, items: list[pytest.Item], message: dict[str, Any]) -> list[pytest.Item]:
        """Keep what the runner selected; an empty selection means everything."""
        found = recalled(items, message["recall"], message["recalled"])
        kept = wanted(found, message["unit"][0], message["patterns"], message["ids"])
        self._deselected += len(items) - len(kept)
        return kept

    def _modify(self, items: list[pytest.Item]) -> None:
        config = self._session.config
        config.hook.pytest_collection_modifyitems(session=self._session, config=config, items=items)

    def _report_broken_collection(self, node: Any, error: BaseException) -> None:
        phase = {
            "when": "collect",
            "outcome": "failed",
            "duration_s": 0.0,
            "longrepr": wire.shorten(record.traceback(error)),
            "message": record.told(error).splitlines()[0],
        }
        if not self._is_again:
            self._channel.send(wire.ENTRY, nodeid=node.nodeid, phase=phase)

    # --- running its tests

    def _run_items(self, node: Any, items: list[pytest.Item], start: int, stop: int) -> int:
        """Run from `start` until before `stop`, or to where tests are given away from then on.

        Returns how many of the file's tests are behind us.
        """
        index = start
        while index < stop:
            if self._is_told_to_drain():
                self._is_stopping = True
                return index
            stop = self._share_with_another(index, stop)
            item = items[index]
            is_last = index + 1 == stop
            if index == start:
                self._tear_down_to(item)
                self._reading = self._meter.read()
                self._leaks.settle()
            self._run_test(index, item, Park.beside(node) if is_last else items[index + 1])
            self._leaks.after(item.nodeid)
            if self._session.shouldfail or self._session.shouldstop:
                reason = str(self._session.shouldfail or self._session.shouldstop)
                self._channel.send(wire.STOPPED, reason=reason)
                self._is_stopping = True
                return index + 1
            index += 1
        return index

    def _is_told_to_drain(self) -> bool:
        now = time.perf_counter()
        if now - self._listened < _LISTEN_S:
            return False
        self._listened = now
        while (message := self._channel.poll()) is not None:
            if message["k"] == wire.STEAL:
                self._share.ask(str(message["how"]))
            elif message["k"] in {wire.DRAIN, wire.FINISH}:
                return True
        return False

    def _share_with_another(self, index: int, stop: int) -> int:
        """Return where our part of the file ends from now on."""
        cut, reason = self._share.answer(index, stop)
        if reason:
            self._channel.send(wire.KEPT, reason=wire.shorten(reason))
        elif cut < stop:
            self._channel.send(wire.GIVEN, index=cut)
        return cut

    def _run_test(self, index: int, item: pytest.Item, nextitem: pytest.Item) -> None:
        path = self._teller.begun(index, item)
        self.whereabouts = f"{path}::{item.nodeid.partition('::')[2]}"
        self._phases = []
        self._sections = 0
        self._printed.take()  # between tests: nobody's
        self._last = item
        before, began = self._reading, time.perf_counter()
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
        except BaseException as error:
            self._look_after(item)
            if not self._has_left_debugger(error):
                self._phases.append(
                    record.broken_phase(error, is_end=isinstance(error, _SESSION_ENDS))
                )
            raise
        finally:
            damage = self._look_after(item)
            self._keep_output()
            self._reading = after = self._meter.read()
            duration_s = time.perf_counter() - began
            self._share.add(duration_s, self._phases)
            self._teller.ended(
                item,
                self._phases,
                duration_s=duration_s,
                before=before,
                after=after,
                printed=self._printed.told,
            )
        if damage:
            raise _Unsound

    def _keep_output(self) -> None:
        sections = self._printed.take()
        if sections and self._phases:
            last = self._phases[-1]
            last["sections"] = [*last.get("sections", ()), *sections]

    def _look_after(self, item: pytest.Item) -> bool:
        """Repair what the test broke, and say so; returns whether there was anything."""
        damage = self._vitals.repair()
        if damage:
            shown = ", ".join(damage[:5]) + (" and more" if len(damage) > 5 else "")  # noqa: PLR2004
            self._channel.send(
                wire.WARNING,
                message=f"the test left {shown}; the tests after it run in a fresh worker",
                category="DamagedProcess",
                nodeid=item.nodeid,
                location=item.nodeid.partition("::")[0],
            )
        return bool(damage)

    def _tell_leaks(self) -> None:
        for leak in self._leaks.judge():
            self._channel.send(wire.LEAK, **leak)

    def _tear_down_to(self, item: pytest.Item | None) -> None:
        """Tear down what the next file does not share; a fault amends the last test run."""
        if self._last is None:
            return
        state = self._session._setupstate

        def tear_down() -> None:
            __tracebackhide__ = True
            state.teardown_exact(item)

        call = CallInfo.from_call(tear_down, when="teardown", reraise=_SESSION_ENDS)
        if call.excinfo is not None:
            blamed = self._blame.answers(call.excinfo.value, self._last)
            report = pytest.TestReport.from_item_and_call(blamed, call)
            self._session.testsfailed += 1
            self._channel.send(wire.LATE_ERROR, nodeid=blamed.nodeid, phase=record.phase(report))
            self._channel.flush()

    # --- pytest's reports

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> None:
        """Note for whom a fixture is made."""
        self._blame.note(fixturedef, request)
        self._share.note(fixturedef, request)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep a phase of the running test."""
        if hasattr(report, "context") and not report.failed:
            return  # a subtest that did not fail is part of its test
        phase = record.phase(report, self._sections)
        if self.label_of is not None and (label := self.label_of(report)):
            phase["label"] = label
        self._phases.append(phase)
        self._sections = len(report.sections)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Send what could not be collected, or was skipped as a whole, as an entry."""
        if not report.passed and not self._is_again:
            self._channel.send(wire.ENTRY, nodeid=report.nodeid, phase=record.phase(report))

    def pytest_deselected(self, items: Any) -> None:
        """Count tests that `-k`, `-m`, `--deselect` or a plugin dropped."""
        self._deselected += len(items)

    def pytest_warning_recorded(
        self, warning_message: Any, nodeid: str, location: tuple[str, int, str] | None
    ) -> None:
        """Send a warning, up to a bound that no one would read beyond."""
        self._warnings += 1
        if self._warnings > _WARNINGS_SENT_AT_MOST:
            return
        path, line = warning_message.filename, warning_message.lineno
        if location is not None:
            path, line = location[0], location[1]
        self._channel.send(
            wire.WARNING,
            message=wire.shorten(str(warning_message.message)),
            category=warning_message.category.__name__,
            nodeid=nodeid,
            location=f"{path}:{line}",
        )
