"""The results as one JSON document; `report.schema.json` beside this file describes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from unified_test_runner.codec import to_plain
from unified_test_runner.model import EntryKind, Outcome
from unified_test_runner.reporters.destination import replace_file
from unified_test_runner.reporters.leftovers import LeakKey, leaks_by_test
from unified_test_runner.verdict import reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from unified_test_runner.entries import Attempt, Entry
    from unified_test_runner.events import LeakFound, Stamped
    from unified_test_runner.report import RunReport

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
        replace_file(self._path, _written(json_document(report)))


def json_document(report: RunReport) -> dict[str, Any]:
    """Return the document as plain values."""
    verdict = reach(report)
    left = leaks_by_test(report)
    tests = [_entry(entry, left) for entry in report.entries.values()]
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
        "tests": tests,
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


def _written(document: dict[str, Any]) -> bytes:
    """One line per field and per item: to be read by people, diffed, and written fast."""
    fields = []
    for name, value in document.items():
        if isinstance(value, list) and value:
            items = ",\n  ".join(map(json.dumps, value))
            shown = f"[\n  {items}\n ]"
        else:
            shown = json.dumps(value)
        fields.append(f" {json.dumps(name)}: {shown}")
    # ASCII throughout: the one spelling in which a lone surrogate is legal JSON.
    return "{{\n{}\n}}\n".format(",\n".join(fields)).encode("ascii")


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
