"""The results as one JSON document; `report.schema.json` beside this file describes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from unified_test_runner.codec import to_plain
from unified_test_runner.entries import Entry, entry_of
from unified_test_runner.model import EntryKind, Outcome
from unified_test_runner.reporters.destination import replace_file
from unified_test_runner.reporters.leftovers import LeakKey, leaks_by_test
from unified_test_runner.verdict import reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from unified_test_runner.entries import Attempt
    from unified_test_runner.events import LeakFound, Stamped, TestsPassed
    from unified_test_runner.report import RunReport

_quoted = json.encoder.encode_basestring_ascii

#: Version of the document; raised when a field changes its meaning or goes.
REPORT_VERSION = 1


class JsonReport:
    """Writes the whole file at the end, in one move."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def handle(self, stamped: Stamped, report: RunReport) -> None:
        """Nothing: the file is made from the finished report."""

    def close(self, report: RunReport) -> None:
        """Write the file.

        Raises:
            RunDirectoryError: it cannot be written.
        """
        replace_file(self._path, written(report))


def _document(report: RunReport) -> dict[str, Any]:
    """Return the document as plain values, but for its tests, which may be many."""
    verdict = reach(report)
    return {
        "version": REPORT_VERSION,
        "run_id": report.run.run_id if report.run else "",
        "exit_code": int(verdict.code),
        "exit_reason": verdict.reason,
        "started_at": report.run.started_at if report.run else "",
        "duration_s": _rounded(report.duration_s),
        "is_complete": not report.is_cut,
        "totals": _totals(report, EntryKind.TEST),
        "file_totals": _totals(report, EntryKind.FILE),
        "tests": None,  # in their place
        "deselected": report.deselected,
        "withheld": [to_plain(suite) for suite in report.withheld],
        "services": _services(report),
        "workers": _workers(report),
        "growth": [to_plain(test) for test in report.growth.growing()],
        "wall": _wall(report),
        "warnings": [to_plain(warning) for warning in report.warnings],
        "notices": [to_plain(notice) for notice in report.notices],
        "errors": [to_plain(error) for error in report.errors],
    }


def written(report: RunReport) -> Iterator[bytes]:
    """Yield the document, one line per field and per item: to be read by people and diffed."""
    between = "{"
    for name, value in _document(report).items():
        # ASCII throughout: the one spelling in which a lone surrogate is legal JSON.
        yield f"{between}\n {json.dumps(name)}: ".encode("ascii")
        if name == "tests":
            yield from _list(_tests(report))
        elif isinstance(value, list):
            yield from _list(map(json.dumps, value))
        else:
            yield json.dumps(value).encode("ascii")
        between = ","
    yield b"\n}\n"


def _list(items: Iterable[str]) -> Iterator[bytes]:
    between, end = "[\n  ", "[]"
    for item in items:
        yield f"{between}{item}".encode("ascii")
        between, end = ",\n  ", "\n ]"
    yield end.encode("ascii")


def _tests(report: RunReport) -> Iterator[str]:
    left = leaks_by_test(report)
    for found, index in report.entries.places():
        if isinstance(found, Entry):
            yield json.dumps(_entry(found, left))
        elif (found.nodeids[index], 0) in left:
            yield json.dumps(_entry(entry_of(found, index), left))
        else:
            yield _passed(found, index)


def _passed(passed: TestsPassed, index: int) -> str:
    """Return the text of what `_entry` would give, sooner: most tests passed."""
    word = Outcome.PASSED.value
    took = repr(_rounded(passed.measured[index][0]))
    return (
        f'{{"nodeid": {_quoted(passed.nodeids[index])}, "outcome": "{word}", '
        f'"suite": {_quoted(passed.suite)}, "category": {json.dumps(passed.category)}, '
        f'"duration_s": {took}, "attempts": [{{"number": 1, "outcome": "{word}", '
        f'"duration_s": {took}, "worker": {passed.worker}}}], '
        f'"kind": "{EntryKind.TEST.value}", "path": {_quoted(passed.path)}, '
        f'"line": {passed.lines[index] or "null"}, "worker": {passed.worker}, '
        f'"reason": "", "message": "", "occurrence": 0}}'
    )


def _totals(report: RunReport, kind: EntryKind) -> dict[str, int]:
    return {outcome.value: report.totals(kind)[outcome] for outcome in Outcome}


def _entry(entry: Entry, left: Mapping[LeakKey, Sequence[LeakFound]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "nodeid": entry.nodeid,
        "outcome": entry.outcome.value,
        "suite": entry.suite,
        "category": entry.category,
        "duration_s": _rounded(entry.duration_s),
        "attempts": [_attempt(attempt) for attempt in entry.attempts],
        "kind": entry.kind.value,
        "path": entry.path,
        "line": entry.line or None,
        "worker": entry.last.worker,
        "reason": entry.telling.reason,
        "message": entry.message,
        "occurrence": entry.occurrence,
    }
    if entry.repetitions > 1:
        found["repetitions"] = entry.repetitions
        found["bad_repetitions"] = entry.bad_repetitions
    if entry.is_order_dependent:
        found["is_order_dependent"] = True
    if entry.label:
        found["label"] = entry.label
    if entry.properties:
        found["properties"] = [list(pair) for pair in entry.properties]
    if leaks := left.get((entry.nodeid, entry.occurrence)):
        found["leaks"] = [_leak(leak) for leak in leaks]
    if entry.outcome.is_bad or entry.outcome is Outcome.FLAKY:
        found["phases"] = [to_plain(phase) for phase in entry.telling.phases]
        found["reproduce"] = entry.telling.reproduce
    return found


def _leak(leak: LeakFound) -> dict[str, Any]:
    return {
        "resource": leak.resource,
        "what": leak.what,
        "count": leak.count,
        "is_failing": leak.is_failing,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    found: dict[str, Any] = {
        "number": attempt.number,
        "outcome": attempt.outcome.value,
        "duration_s": _rounded(attempt.duration_s),
        "worker": attempt.worker,
    }
    if attempt.message:
        found["message"] = attempt.message
    return found


def _services(report: RunReport) -> list[dict[str, Any]]:
    return [
        {
            "name": service.name,
            "slot": service.slot,
            "state": service.state,
            "provider": service.provider.value if service.provider else None,
            "reason": service.reason,
            "version": service.version,
            "address": service.address,
            "boot_s": None if service.boot_s is None else _rounded(service.boot_s),
            "peak_rss_bytes": service.peak_rss_bytes,
            "message": service.message,
            "log_tail": list(service.log_tail),
        }
        for service in report.services.values()
    ]


def _workers(report: RunReport) -> list[dict[str, Any]]:
    return [
        {
            "worker": worker.worker,
            "slot": worker.slot,
            "tests": worker.tests,
            "startup_s": _rounded(worker.startup_s),
            "peak_rss_bytes": worker.peak_rss_bytes,
            "cpu_s": _rounded(worker.cpu_s),
            "idle_s": _rounded(worker.idle_s),
            "status": worker.status,
            "is_expected": worker.is_expected,
        }
        for worker in report.workers
    ]


def _wall(report: RunReport) -> dict[str, float]:
    wall = report.wall
    return {
        "services_s": _rounded(wall.services_s),
        "startup_s": _rounded(wall.startup_s),
        "collection_s": _rounded(wall.collection_s),
        "tests_s": _rounded(wall.tests_s),
        "idle_s": _rounded(wall.idle_s),
        "shutdown_s": _rounded(wall.shutdown_s),
    }


def _rounded(value: float) -> float:
    # A float also where a whole number was given: a replay reads it back as one.
    return round(float(value), 6)
