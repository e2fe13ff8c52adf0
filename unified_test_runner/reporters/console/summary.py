"""The summary at the end of a run: the same lines for a log, a terminal and a replay.

What matters most stands last, next to the prompt.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from unified_test_runner.model import ExitCode, Outcome, WithheldSuite
from unified_test_runner.reporters.console.coverage import coverage_table
from unified_test_runner.reporters.console.failures import failure_list, failures
from unified_test_runner.reporters.console.leftovers import leftovers
from unified_test_runner.reporters.console.lines import (
    Line,
    indented,
    labels,
    order_dependent,
    remark,
    rule,
    seconds,
    service_failed,
    service_ready,
    totals,
)
from unified_test_runner.reporters.text import clipped, one_line, size, tail
from unified_test_runner.verdict import reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unified_test_runner.events import WallTime
    from unified_test_runner.records import ServiceRecord, WorkerRecord
    from unified_test_runner.report import RunReport
    from unified_test_runner.reporters.base import ReporterSettings

_SLOWEST = 5
_GREW_MOST = 3
_WARNINGS = 10
_REASONS = 20
_NAMED = 3
_PLUGIN_LINES = 400
_PEAKS = 8
#: Growth below this is noise of the allocator.
_GROWTH_BYTES = 1024 * 1024


def summary(report: RunReport, settings: ReporterSettings, width: int) -> list[Line]:
    """Return every line of the summary."""
    shows_output = settings.output != "none"
    lines: list[Line] = []
    if settings.verbosity >= 0:
        lines += [*_skips(report, width), *_warnings(report, width), *_statistics(report, width)]
        lines += leftovers(report, width, is_failing=False)
    lines += _plugin_texts(report, width)
    lines += failures(report, width, shows_output=shows_output)
    lines += leftovers(report, width, is_failing=True)
    lines += failure_list(report, width)
    if report.coverage is not None:
        lines += coverage_table(report.coverage, width, settings.verbosity)
    lines += _remarks(report, width, is_quiet=settings.verbosity < 0)
    while lines and not lines[-1].text:
        lines.pop()
    return [*lines, *_closing(report)]


def _skips(report: RunReport, width: int) -> list[Line]:
    unrun = {Outcome.SKIPPED, Outcome.XFAILED, Outcome.XPASSED, Outcome.NOT_RUN}
    groups: Counter[tuple[Outcome, str]] = Counter(
        (entry.outcome, one_line(entry.message) or "no reason given")
        for entry in report.notable
        if entry.outcome in unrun
    )
    if not groups:
        return []
    lines = [rule("skipped or expected to fail", width)]
    for (outcome, reason), count in groups.most_common(_REASONS):
        text = f"{count:5d} {outcome.value.replace('_', ' ')}: {reason}"
        lines.append(Line(clipped(text, max(width, 60))))
    if len(groups) > _REASONS:
        lines.append(Line(f"      ... and {len(groups) - _REASONS} other reasons"))
    return lines


def _warnings(report: RunReport, width: int) -> list[Line]:
    if not report.warnings:
        return []
    groups = Counter(
        f"{one_line(item.category)}: {one_line(item.message.strip().partition(chr(10))[0])}"
        for item in report.warnings
    )
    lines = [rule(f"warnings: {len(report.warnings)}", width)]
    for text, count in groups.most_common(_WARNINGS):
        lines.append(Line(clipped(f"{count:5d} {text}", max(width, 60))))
    if len(groups) > _WARNINGS:
        lines.append(Line(f"      ... and {len(groups) - _WARNINGS} others"))
    return lines


def _plugin_texts(report: RunReport, width: int) -> list[Line]:
    """What plugins wrote at the end; each text once, with its worker where they differ."""
    told = [event for event in report.plugin_texts if event.where == "summary"]
    lines: list[Line] = []
    for event in told:
        whose = f", worker {event.worker}" if len(told) > 1 else ""
        lines.append(rule(f"from plugins{whose}", width))
        lines += indented(tail(event.text, _PLUGIN_LINES), "")
    return lines


def _statistics(report: RunReport, width: int) -> list[Line]:
    lines = [
        *(f"slowest   {text}" for text in _slowest(report)),
        *(f"memory    {text}" for text in _memory(report)),
        *(f"time      {text}" for text in _time(report)),
        *(f"service   {text}" for text in _services(report)),
    ]
    wrapped = (part for line in lines for part in _wrapped(line, width))
    return [rule("figures", width), *map(Line, wrapped)] if lines else []


def _wrapped(text: str, width: int) -> list[str]:
    # Never inside a word: node ids and addresses are there to be copied.
    return textwrap.wrap(
        text,
        max(width, 60),
        subsequent_indent=" " * 10,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _slowest(report: RunReport) -> Iterator[str]:
    for entry in report.slowest(_SLOWEST):
        if entry.duration_s > 0:
            yield f"{seconds(entry.duration_s):>7} {one_line(entry.nodeid)}"


def _memory(report: RunReport) -> Iterator[str]:
    peaks = sorted(
        ((worker.peak_rss_bytes, worker.worker) for worker in report.workers), reverse=True
    )
    known = [f"worker {number} {size(peak)}" for peak, number in peaks[:_PEAKS] if peak]
    if known:
        more = f", {len(peaks) - _PEAKS} workers below these" if len(peaks) > _PEAKS else ""
        yield f"peak {', '.join(known)}{more}"
    for test in report.growth.growing()[:_GREW_MOST]:
        per_run = f"{test.per_run_bytes / 1024:.0f} KiB per run"
        yield f"grows {per_run}: {one_line(test.nodeid)} ({test.runs} runs)"
    if recycled := report.recycled:
        count = "1 worker" if len(recycled) == 1 else f"{len(recycled)} workers"
        largest = max(event.rss_bytes for event in recycled)
        yield f"{count} replaced between files, the largest at {size(largest)}"
    for entry in report.grew_most(_GREW_MOST):
        if entry.growth_bytes >= _GROWTH_BYTES:
            yield f"+{size(entry.growth_bytes)} in {one_line(entry.nodeid)}"


def _time(report: RunReport) -> Iterator[str]:
    wall = report.wall
    parts = [(name, value) for name, value in wall_parts(wall) if value > 0]
    whole = sum(value for _, value in parts)
    if whole:
        yield ", ".join(f"{name} {seconds(v)} ({v / whole:.0%})" for name, v in parts)


def wall_parts(wall: WallTime) -> tuple[tuple[str, float], ...]:
    """Return the parts of the wall time under the names a reader sees."""
    return (
        ("services", wall.services_s),
        ("start-up", wall.startup_s),
        ("collection", wall.collection_s),
        ("tests", wall.tests_s),
        ("idle", wall.idle_s),
        ("shutdown", wall.shutdown_s),
    )


def _services(report: RunReport) -> Iterator[str]:
    """One line per service; those that each slot has for itself are told together."""
    alike: dict[tuple[object, ...], list[ServiceRecord]] = {}
    for service in report.services.values():
        if service.boot_s is not None:
            what = (service.name, service.provider, service.version, service.reason)
            alike.setdefault(what, []).append(service)
    for group in alike.values():
        slowest = max(group, key=lambda service: service.boot_s or 0.0)
        number = f", {len(group)} of them, the slowest shown" if len(group) > 1 else ""
        peak_bytes = max(service.peak_rss_bytes or 0 for service in group)
        peak = f", peak {size(peak_bytes)}" if peak_bytes else ""
        yield f"{service_ready(slowest).text}{number}{peak}"


def _remarks(report: RunReport, width: int, *, is_quiet: bool) -> list[Line]:
    lines: list[Line] = []
    for service in report.service_failures:
        lines += service_failed(service)
    lines += [
        Line(f"worker {worker.worker} died{_how(worker)}", "bad")
        for worker in report.workers
        if not worker.is_expected
    ]
    lines += [
        *_forecasts(report),
        *map(_withheld, report.withheld),
        *_flaky(report),
        *(
            Line(order_dependent(entry), "doubt")
            for entry in report.notable
            if entry.is_order_dependent
        ),
        *(
            remark(notice.level, notice.message, notice.hint)
            for notice in report.notices
            if not (is_quiet and notice.level == "info")
        ),
    ]
    return [rule("notices", width), *lines] if lines else []


def _forecasts(report: RunReport) -> Iterator[Line]:
    for event in report.forecasts:
        for word, paths in (("missing", event.missing), ("not foreseen", event.unexpected)):
            if paths:
                named = ", ".join(map(one_line, paths[:_NAMED]))
                dots = ", ..." if len(paths) > _NAMED else ""
                yield Line(f"the files are not as planned: {word}: {named}{dots}", "doubt")


def _withheld(suite: WithheldSuite) -> Line:
    tests = f", at least {suite.tests_at_least} tests" if suite.tests_at_least else ""
    wanted = ", ".join(map(one_line, suite.services))
    needs = f" needs {wanted}" if wanted else " is withheld"
    counted = "1 file" if suite.files == 1 else f"{suite.files} files"
    name, flag = one_line(suite.name), one_line(suite.flag)
    return Line(f"not run: suite {name} ({counted}{tests}){needs}; add {flag}", "doubt")


def _flaky(report: RunReport) -> list[Line]:
    return [
        Line(
            f"flaky: {one_line(entry.nodeid)} passed only on attempt {entry.last.number}: "
            f"{one_line(entry.message)}",
            "doubt",
        )
        for entry in report.notable
        if entry.outcome is Outcome.FLAKY
    ]


def _how(worker: WorkerRecord) -> str:
    return f" {worker.fault}" if worker.fault else f": {_status(worker.status)}"


def _status(status: int | None) -> str:
    if status is None:
        return "it was never reaped"
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def _closing(report: RunReport) -> list[Line]:
    verdict = reach(report)
    workers = report.run.workers if report.run else 0
    count = "1 worker" if workers == 1 else f"{workers} workers"
    found = totals(report) or "no tests ran"
    is_good = verdict.code is ExitCode.OK and not verdict.reason
    style = "good" if is_good else "bad"
    if report.repetitions > 1:
        count += f", {report.repetitions} repetitions"
    named = f" (of these {labels(report)})" if labels(report) else ""
    lines = [Line(""), Line(f"{found}{named} in {seconds(report.duration_s)} ({count})", style)]
    if verdict.code is not ExitCode.OK:
        lines += [Line(f"also: {one_line(text)}", "bad") for text in verdict.also]
        lines.append(Line(f"exit {int(verdict.code)}: {one_line(verdict.reason)}", "bad"))
    elif verdict.reason:
        lines.append(Line(one_line(verdict.reason), "doubt"))
    return lines
