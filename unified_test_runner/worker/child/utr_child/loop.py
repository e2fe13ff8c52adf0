"""The run loop: one file at a time, collected when it is handed out, results sent as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import CallInfo

from . import record, wire
from .blame import Blame
from .choice import wanted
from .originals import time
from .owners import Owners
from .view import CollectionView
from .vitals import Vitals
from .walk import Park, Unit, Walk

if TYPE_CHECKING:
    from .channel import Channel
    from .record import Meter

#: What ends a pytest session wherever it is raised; the test it came from is an error.
_SESSION_ENDS = (KeyboardInterrupt, pytest.exit.Exception)
_WARNINGS_SENT_AT_MOST = 500


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
        self._root: str = spec["root"]
        self._paths: list[str] | None = spec["choice"].get("paths")
        self._meter = meter
        self._reading = meter.read()
        self._last: pytest.Item | None = None
        self._phases: list[dict[str, Any]] = []
        self._sections = 0
        self._view = CollectionView()
        self._blame = Blame()
        self._deselected = 0
        self._warnings = 0
        self._is_stopping = False
        self.is_unsound = False

    def run(self) -> None:
        """Serve until told to finish, or until a test or plugin asks pytest to stop."""
        self._view.take()
        self._vitals = Vitals(self._session.config)
        self._owners = Owners(self._session.config, self.walk.nodes.items(), self._paths)
        try:
            while self._serve(self._channel.receive()):
                pass
        except _Unsound:
            self.is_unsound = True  # the runner sees us end, and gives the rest to another
        finally:
            self._channel.flush()  # whatever the end of the session still breaks
        self._tear_down_to(None)

    def _serve(self, message: dict[str, Any]) -> bool:
        if message["k"] != wire.RUN:
            return False
        unit: Unit = (message["unit"][0], message["unit"][1], message["unit"][2])
        node = self.walk.nodes.get(unit)
        if node is None:
            self._channel.send(wire.UNIT_UNKNOWN)
            return True
        self._channel.send(wire.UNIT_STARTED)
        self._channel.flush()
        is_whole = self.walk.is_whole
        items = self._collected(unit) if is_whole else self._collect(node, message)
        ran = self._run_items(node, items, message["start"])
        self._channel.send(wire.UNIT_ENDED, ran=ran)
        return not self._is_stopping

    # --- collecting one file

    def _collected(self, unit: Unit) -> list[pytest.Item]:
        """Return the tests of a unit where everything was collected before."""
        items = self.walk.runs[unit]
        is_first = unit == next(iter(self.walk.runs))
        self._channel.send(
            wire.UNIT_COLLECTED,
            ids=[item.nodeid for item in items],
            deselected=self._deselected if is_first else 0,  # by whichever worker has it
            duration_s=0.0,
        )
        self._channel.flush()
        return items

    def _collect(self, node: Any, message: dict[str, Any]) -> list[pytest.Item]:
        """Import the file and return the tests to run, as `perform_collect` would."""
        began = time.perf_counter()
        self._deselected = 0
        items: list[pytest.Item] = []
        try:
            with self._view.entered(), self._owners.present(node):
                items = self._wanted(list(self.walk.expand(node)), message)
                self._modify(items)
        except BaseException as error:
            self._report_broken_collection(node, error)
            if isinstance(error, (*_SESSION_ENDS, pytest.UsageError)):
                # The file has its one entry; the worker's end is none of its own.
                self._channel.send(wire.UNIT_COLLECTED, ids=[], deselected=0, duration_s=0.0)
                raise
            items = []
        self._session.items = items
        self._session.testscollected += len(items)
        self._channel.send(
            wire.UNIT_COLLECTED,
            ids=[item.nodeid for item in items],
            deselected=self._deselected,
            duration_s=time.perf_counter() - began,
        )
        self._channel.flush()
        return items

    def _wanted(self, items: list[pytest.Item], message: dict[str, Any]) -> list[pytest.Item]:
        """Keep what the runner selected; an empty selection means everything."""
        kept = wanted(items, message["unit"][0], message["patterns"], message["ids"])
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
        self._channel.send(wire.ENTRY, nodeid=node.nodeid, phase=phase)

    # --- running its tests

    def _run_items(self, node: Any, items: list[pytest.Item], start: int) -> int:
        """Run from `start` on; returns how many of the file's tests are behind us."""
        for index in range(start, len(items)):
            if self._is_told_to_drain():
                self._is_stopping = True
                return index
            item = items[index]
            is_last = index + 1 == len(items)
            if index == start:
                self._tear_down_to(item)
                self._reading = self._meter.read()
            self._run_test(index, item, Park.beside(node) if is_last else items[index + 1])
            if self._session.shouldfail or self._session.shouldstop:
                reason = str(self._session.shouldfail or self._session.shouldstop)
                self._channel.send(wire.STOPPED, reason=reason)
                self._is_stopping = True
                return index + 1
        return len(items)

    def _is_told_to_drain(self) -> bool:
        message = self._channel.poll()
        return message is not None and message["k"] in {wire.DRAIN, wire.FINISH}

    def _run_test(self, index: int, item: pytest.Item, nextitem: pytest.Item) -> None:
        place = record.place(item, self._root)
        limit_s = record.time_limit(item)
        self._channel.send(
            wire.TEST_STARTED, index=index, nodeid=item.nodeid, limit_s=limit_s, **place
        )
        self._channel.flush()
        self._phases = []
        self._sections = 0
        self._last = item
        before, began = self._reading, time.perf_counter()
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
        except BaseException as error:
            self._look_after(item)
            self._phases.append(_broken_phase(error))
            raise
        finally:
            damage = self._look_after(item)
            self._reading = after = self._meter.read()
            self._channel.send(
                wire.TEST_ENDED,
                **record.verdict(self._phases),
                duration_s=round(time.perf_counter() - began, 6),
                cpu_s=round(after.cpu_s - before.cpu_s, 6),
                rss_before_bytes=before.rss_bytes,
                rss_after_bytes=after.rss_bytes,
                peak_rss_bytes=after.peak_bytes,
                **record.properties(item),
            )
        if damage:
            raise _Unsound

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

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep a phase of the running test."""
        if hasattr(report, "context") and not report.failed:
            return  # a subtest that did not fail is part of its test
        self._phases.append(record.phase(report, self._sections))
        self._sections = len(report.sections)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Send what could not be collected, or was skipped as a whole, as an entry."""
        if not report.passed:
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


def _broken_phase(error: BaseException) -> dict[str, Any]:
    """Return the phase of a test out of which something tried to end the session."""
    if isinstance(error, _SESSION_ENDS):
        message = f"the test raised {type(error).__name__}, which would end the whole session"
        longrepr = record.told(error)
    else:
        message = f"a plugin failed: {record.told(error)}"
        longrepr = record.traceback(error)
    return {
        "when": "call",
        "outcome": "error",
        "duration_s": 0.0,
        "message": message.splitlines()[0],
        "longrepr": wire.shorten(longrepr),
    }
