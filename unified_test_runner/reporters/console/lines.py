"""Lines that every console shares: how results, services and failures are put into words.

Plain data in, plain data out; a line carries a style by name and the console decides
whether it shows colours.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.model import EntryKind, Outcome
from unified_test_runner.reporters.text import clipped, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from unified_test_runner.entries import Entry
    from unified_test_runner.events import RunStarted
    from unified_test_runner.records import ServiceRecord
    from unified_test_runner.report import RunReport

#: In the order people look for them; each with the words of the totals line.
OUTCOME_WORDS: Mapping[Outcome, str] = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "error",
    Outcome.CRASHED: "crashed",
    Outcome.TIMED_OUT: "timed out",
    Outcome.FLAKY: "flaky",
    Outcome.SKIPPED: "skipped",
    Outcome.XFAILED: "xfailed",
    Outcome.XPASSED: "xpassed",
    Outcome.NOT_RUN: "not run",
}

STYLES: Mapping[Outcome, str] = {
    Outcome.PASSED: "good",
    Outcome.FLAKY: "doubt",
    Outcome.SKIPPED: "doubt",
    Outcome.XFAILED: "doubt",
    Outcome.XPASSED: "doubt",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line to show. `style`: good, bad, doubt, title, faint or nothing."""

    text: str
    style: str = ""


def rule(title: str, width: int) -> Line:
    """Return a line that opens a section."""
    return Line(f"--- {title} {'-' * max(3, width - len(title) - 5)}", "title")


def order_dependent(entry: Entry) -> str:
    """Return what to say of a test that ended well only after those before it in its file."""
    return (
        f"order-dependent: {one_line(entry.nodeid)} relies on earlier tests of its file: "
        f"{entry.attempts[0].outcome.value} apart from them, {entry.outcome.value} after them"
    )


def seconds(value: float) -> str:
    """Return a duration, e.g. `0.81s`, `74.2s`, `12m07s`."""
    if value < 10:  # noqa: PLR2004 - two digits matter below ten seconds
        return f"{value:.2f}s"
    if value < 600:  # noqa: PLR2004 - ten minutes
        return f"{value:.1f}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}m{rest:02d}s"


def tally(counts: Mapping[Outcome, int]) -> str:
    """Return `12 passed, 1 failed`; every outcome that occurred is named."""
    return ", ".join(
        f"{counts[outcome]} {word}{'s' * (word == 'error' and counts[outcome] > 1)}"
        for outcome, word in OUTCOME_WORDS.items()
        if counts.get(outcome)
    )


def totals(report: RunReport) -> str:
    """Return all outcomes of tests, then of files, in figures that add up."""
    parts = [tally(report.totals())] if tally(report.totals()) else []
    files: Counter[str] = Counter()
    for outcome, word in OUTCOME_WORDS.items():
        files["error" if outcome.is_bad else word] += report.totals(EntryKind.FILE)[outcome]
    for word, count in files.items():
        if count:
            parts.append(f"{count} file {word}{'s' * (word == 'error' and count > 1)}")
    return ", ".join(parts)


def labels(report: RunReport) -> str:
    """Return how many tests plugins gave names of their own: `2 rerun, 1 known`."""
    counts = Counter(entry.label for entry in report.notable if entry.label)
    return ", ".join(f"{count} {one_line(label)}" for label, count in counts.most_common())


def header(run: RunStarted) -> Line:
    """Return the first line of a run."""
    workers = "1 worker" if run.workers == 1 else f"{run.workers} workers"
    text = f"unified-test-runner {run.version}  run {run.run_id}  {workers}  in {run.root}"
    return Line(one_line(text), "title")


def service_name(service: ServiceRecord) -> str:
    """Return its name, with the slot where each slot has its own."""
    return one_line(service.name) + ("" if service.slot is None else f"[{service.slot}]")


def service_ready(service: ServiceRecord) -> Line:
    """Return who provides a service, in which version, after how long, and why."""
    boot = "" if service.boot_s is None else f" ready in {seconds(service.boot_s)}"
    provider = service.provider.value if service.provider else "unknown provider"
    version = f" {one_line(service.version)}" if service.version else ""
    reason = f" ({one_line(service.reason)})" if service.reason else ""
    return Line(f"{service_name(service)}{version}  {provider}{boot}{reason}")


def service_failed(service: ServiceRecord) -> list[Line]:
    """Return why a service could not be had, with the end of its log."""
    hint = f" (hint: {one_line(service.hint)})" if service.hint else ""
    lines = [
        Line(f"FAILED service {service_name(service)}: {one_line(service.message)}{hint}", "bad")
    ]
    lines += [Line(f"    | {one_line(line)}", "faint") for line in service.log_tail[-20:]]
    return lines


def history_of(entry: Entry) -> str:
    """Return how often a test failed of how often it ran; empty where it ran once."""
    bad = sum(attempt.outcome.is_bad for attempt in entry.attempts)
    if entry.repetitions > 1:
        return f"failed {entry.bad_repetitions} of {entry.repetitions} repetitions"
    return f"failed {bad} of {len(entry.attempts)} attempts" if len(entry.attempts) > 1 else ""


def verdict_of(entry: Entry, width: int = 0) -> Line:
    """Return one line for one entry: outcome, node id, why. `width` 0: never cut."""
    word = OUTCOME_WORDS[entry.outcome].upper()
    message = one_line(entry.message)
    label = f" ({one_line(entry.label)})" if entry.label else ""
    history = f" ({history_of(entry)})" if entry.repetitions > 1 and entry.outcome.is_bad else ""
    name = f"{word} {one_line(entry.nodeid)}"
    text = f"{name}{label}{history}" + (f" - {message}" if message else "")
    if width:
        # The node id is what people copy: only what follows it may be cut.
        text = clipped(text, max(width, len(word) + 1 + len(one_line(entry.nodeid))))
    return Line(text, STYLES.get(entry.outcome, "bad"))


def remark(level: str, message: str, hint: str) -> Line:
    """Return one line for a notice or an error of the runner."""
    advice = f" (hint: {one_line(hint)})" if hint else ""
    style = {"info": "faint", "error": "bad"}.get(level, "doubt")
    return Line(f"{one_line(level)}: {one_line(message)}{advice}", style)


def indented(lines: Iterable[str], prefix: str = "    ") -> list[Line]:
    """Return lines moved to the right."""
    return [Line(f"{prefix}{line}".rstrip()) for line in lines]
