"""The failures of a run in full: where, why, what was printed, and how to see it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.model import EntryKind
from unified_test_runner.reporters.console.lines import (
    OUTCOME_WORDS,
    STYLES,
    Line,
    history_of,
    indented,
    rule,
    verdict_of,
)
from unified_test_runner.reporters.text import one_line, tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unified_test_runner.entries import Attempt, Entry
    from unified_test_runner.model import PhaseResult
    from unified_test_runner.report import RunReport

#: Beyond these, one line each: a summary nobody can scroll through helps nobody.
IN_FULL = 25
IN_SHORT = 200
_TRACEBACK_LINES = 30
_OUTPUT_LINES = 20


def failures(report: RunReport, width: int, *, shows_output: bool) -> list[Line]:
    """Return the section, empty when nothing failed."""
    bad, flaky = report.bad_entries, report.flaky_entries
    lines = []
    for title, entries in (("flaky tests", flaky), ("failures", bad)):
        if entries:
            lines.append(rule(title, width))
        for entry in entries[:IN_FULL]:
            lines += [*failure(entry, shows_output=shows_output), Line("")]
        if len(entries) > IN_FULL:
            more = f"{len(entries) - IN_FULL} more {title} are listed below in one line each"
            lines.append(Line(more))
    return lines


def failure_list(report: RunReport, width: int) -> list[Line]:
    """Return one line per failure, for a run with more than one."""
    bad = report.bad_entries
    if len(bad) <= 1:
        return []
    lines = [rule(f"failed: {len(bad)}", width)]
    lines += [verdict_of(entry, width) for entry in bad[:IN_FULL]]
    # These were not shown in full: this line is the only one that tells why.
    lines += [verdict_of(entry) for entry in bad[IN_FULL:IN_SHORT]]
    if len(bad) > IN_SHORT:
        lines.append(Line(f"... and {len(bad) - IN_SHORT} more, in the event log and the reports"))
    return lines


def failure(entry: Entry, *, shows_output: bool) -> list[Line]:
    """Return everything worth knowing about one failure."""
    attempt = entry.telling
    style = STYLES.get(entry.outcome, "bad")
    lines = [Line(f"{OUTCOME_WORDS[entry.outcome].upper()} {one_line(entry.nodeid)}", style)]
    lines.append(Line(f"    {_where(entry, attempt)}", "faint"))
    if history := history_of(entry):
        lines.append(Line(f"    {history}"))
    if attempt.reason:
        lines.append(Line(f"    {one_line(attempt.reason)}"))
    for phase in attempt.bad_phases:
        lines += _phase(phase, attempt)
    if not attempt.bad_phases and not attempt.reason:
        lines.append(Line(f"    {one_line(attempt.message)}"))
    if shows_output:
        lines += output(attempt.phases)
    if attempt.reproduce:
        lines.append(Line(f"    reproduce: {one_line(attempt.reproduce)}", "title"))
    return lines


def output(phases: Sequence[PhaseResult]) -> list[Line]:
    """Return the end of what a test printed and logged."""
    lines = []
    for phase in phases:
        for section in phase.sections:
            if section.text.strip():
                lines.append(Line(f"    {one_line(section.title)}:", "faint"))
                lines += indented(tail(section.text, _OUTPUT_LINES), "    | ")
    return lines


def _where(entry: Entry, attempt: Attempt) -> str:
    phases = ", ".join(phase.when.value for phase in attempt.bad_phases)
    parts = [
        f"suite {one_line(entry.suite)}" if entry.suite else "",
        "while collecting" if entry.kind is EntryKind.FILE else (f"in {phases}" if phases else ""),
        f"{one_line(entry.path)}:{entry.line}" if entry.line else "",
        f"worker {attempt.worker}",
        _number(entry, attempt),
    ]
    return ", ".join(part for part in parts if part)


def _number(entry: Entry, attempt: Attempt) -> str:
    if attempt.repetition > 1 or entry.repetitions > 1:
        return f"repetition {attempt.repetition}"
    return f"attempt {attempt.number}" if len(entry.attempts) > 1 else ""


def _phase(phase: PhaseResult, attempt: Attempt) -> list[Line]:
    if phase.longrepr.strip():
        return indented(tail(phase.longrepr, _TRACEBACK_LINES))
    if phase.message.strip() and phase.message != attempt.reason:
        return [Line(f"    {one_line(phase.message)}")]
    return []
