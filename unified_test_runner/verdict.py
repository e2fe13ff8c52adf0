"""From a report to an exit code, with the reason in words. Pure.

Every cause that holds is found; the strongest gives the code, by the one order that
`model.EXIT_PRECEDENCE` keeps.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.model import EntryKind, ExitCode, Outcome, strongest_exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unified_test_runner.events import CoverageMeasured
    from unified_test_runner.report import RunReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that makes the run end with `code`."""

    code: ExitCode
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a run comes to. `reason` is empty only for a run that went well.

    `also` holds causes that a stronger one outranks.
    """

    code: ExitCode
    reason: str
    also: tuple[str, ...] = ()


#: Beyond so many digits two percentages are shown as equal.
_DIGITS = 6
_BAD_WORDS: tuple[tuple[Outcome, str], ...] = (
    (Outcome.FAILED, "failed"),
    (Outcome.ERROR, "had an error"),
    (Outcome.CRASHED, "crashed"),
    (Outcome.TIMED_OUT, "timed out"),
)


def reach(report: RunReport, *, is_empty_allowed: bool = False) -> Verdict:
    """Return the verdict over everything that holds."""
    causes = list(_causes(report))
    recorded = report.finished.exit_code if report.finished else ExitCode.OK
    is_recorded_empty = report.finished is not None and recorded is ExitCode.OK
    only_empty = all(cause.code is ExitCode.NOTHING_RAN for cause in causes)
    if causes and only_empty and (is_empty_allowed or is_recorded_empty):
        return Verdict(code=ExitCode.OK, reason=f"{causes[0].text}; accepted, as asked")
    code = strongest_exit([recorded, *(cause.code for cause in causes)])
    reasons = [cause.text for cause in causes if cause.code is code]
    if not reasons and code is not ExitCode.OK:
        reasons = [f"the run ended with exit code {int(code)}"]
    also = tuple(cause.text for cause in causes if cause.code is not code)
    return Verdict(code=code, reason="; ".join(reasons), also=also)


def _causes(report: RunReport) -> Iterator[Cause]:
    for error in report.errors:
        hint = f" (hint: {error.hint})" if error.hint else ""
        yield Cause(code=error.exit_code, text=f"{error.message}{hint}")
    if report.interrupted is not None:
        text = f"interrupted by {report.interrupted.signal}"
        yield Cause(code=ExitCode.INTERRUPTED, text=text)
    # An error that names the service as the cause says all that its failure says.
    is_told = any(error.exit_code is ExitCode.SERVICE for error in report.errors)
    for service in report.service_failures:
        if not is_told:
            text = f"service '{service.name}' failed: {service.message}"
            yield Cause(code=ExitCode.SERVICE, text=text)
    if bad := _bad_text(report):
        yield Cause(code=ExitCode.TESTS_FAILED, text=bad)
    if flaky := _flaky_text(report):
        yield Cause(code=ExitCode.TESTS_FAILED, text=flaky)
    if ended := sum(bool(worker.fault) for worker in report.workers):
        text = f"{counted(ended, 'worker')} died at the end of its session"
        yield Cause(code=ExitCode.TESTS_FAILED, text=text)
    if missing := _incomplete_text(report):
        yield Cause(code=ExitCode.INCOMPLETE, text=missing)
    for short in filter(None, (_leaks_text(report), _coverage_text(report))):
        yield Cause(code=ExitCode.GATE, text=short)
    yield from _empty_causes(report)


def _flaky_text(report: RunReport) -> str:
    flaky = report.totals()[Outcome.FLAKY]
    if not flaky or report.run is None or report.run.flaky != "fail":
        return ""
    return f"{counted(flaky, 'test')} passed only on a retry"


def _bad_text(report: RunReport) -> str:
    totals, files = report.totals(), report.totals(EntryKind.FILE)
    parts = [f"{counted(totals[o], 'test')} {word}" for o, word in _BAD_WORDS if totals[o]]
    broken = sum(files[outcome] for outcome, _ in _BAD_WORDS)
    if broken:
        parts.append(f"{counted(broken, 'file')} could not be collected")
    if parts and (number := report.repetitions) > 1:
        parts[-1] += f" in {number} repetitions"
    return ", ".join(parts)


def _leaks_text(report: RunReport) -> str:
    failing = [leak for leak in report.leaks if leak.is_failing]
    if not failing:
        return ""
    tests = len({(leak.nodeid, leak.occurrence) for leak in failing})
    kinds = Counter[str]()
    for leak in failing:
        kinds[leak.resource] += leak.count
    found = ", ".join(f"{count} {resource}" for resource, count in kinds.items())
    return f"{counted(tests, 'test')} left something behind ({found})"


def _incomplete_text(report: RunReport) -> str:
    parts = []
    if report.is_cut:
        parts.append("the record of the run ends before the run did")
    if report.running:
        parts.append(f"{counted(len(report.running), 'test')} still running")
    if report.files_unfinished:
        named = ", ".join(report.unfinished_paths[:3])
        also = f" ({named}{', ...' if len(report.unfinished_paths) > 3 else ''})" if named else ""  # noqa: PLR2004 - three names are enough
        parts.append(f"{counted(report.files_unfinished, 'planned file')} never finished{also}")
    if not_run := report.totals()[Outcome.NOT_RUN]:
        parts.append(f"{counted(not_run, 'selected test')} never ran")
    return ", ".join(parts)


def _coverage_text(report: RunReport) -> str:
    found = report.coverage
    if found is None or not found.is_below or found.excuse:
        return ""
    lost = f"; the data of {counted(found.lost_workers, 'worker')} is lost"
    return f"coverage is {shown_coverage(found)}" + (lost if found.lost_workers else "")


def shown_coverage(found: CoverageMeasured) -> str:
    """Return the percentage beside what was wanted, with as many digits as tell them apart."""
    percent, digits = found.total.percent, found.precision
    if found.minimum is None:
        return f"{percent:.{digits}f} %"
    while found.is_below and digits < _DIGITS and round(percent, digits) >= found.minimum:
        digits += 1
    word = "below" if found.is_below else "at least"
    return f"{percent:.{digits}f} %, {word} the {found.minimum:g} % wanted"


def _empty_causes(report: RunReport) -> Iterator[Cause]:
    if not report.executed:
        yield Cause(code=ExitCode.NOTHING_RAN, text=f"nothing ran: {_why_empty(report)}")
        return
    for unmet in report.unmet_selectors:
        yield Cause(code=ExitCode.NOTHING_RAN, text=str(unmet))


def _why_empty(report: RunReport) -> str:
    skipped = report.totals()[Outcome.SKIPPED] + report.totals(EntryKind.FILE)[Outcome.SKIPPED]
    flags = " ".join(dict.fromkeys(suite.flag for suite in report.withheld))
    withheld = bool(report.withheld)
    reasons = (
        (withheld and not report.planned, f"every selected test was withheld; add {flags}"),
        (skipped and withheld, f"every test was skipped or withheld; add {flags}"),
        (skipped, "every selected test was skipped"),
        (report.is_failing, "no test could be collected"),
        (report.deselected, f"all {counted(report.deselected, 'collected test')} were deselected"),
        (report.planned, "no test was executed"),
    )
    return next((text for holds, text in reasons if holds), "no test was selected")


def counted(number: int, noun: str) -> str:
    """Return `1 test`, `2 tests`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
