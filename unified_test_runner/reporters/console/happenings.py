"""What each event is worth saying while the run goes on, for every console alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unified_test_runner import events
from unified_test_runner.model import EntryKind, Outcome
from unified_test_runner.reporters.base import PLAIN_WIDTH
from unified_test_runner.reporters.console import lines
from unified_test_runner.reporters.console.failures import output
from unified_test_runner.reporters.console.lines import Line
from unified_test_runner.reporters.text import block, one_line, printed_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unified_test_runner.report import RunReport
    from unified_test_runner.reporters.base import ReporterSettings

_NAMED_SUITES = 5


def remarks(event: events.Event, report: RunReport, settings: ReporterSettings) -> list[Line]:
    """Return the lines that one event is worth, often none."""
    if isinstance(event, events.TestsPassed):
        each = event.each() if settings.verbosity > 0 else ()
        return [line for finished in each for line in _test(finished, report, settings)]
    if isinstance(event, events.TestFinished):
        # First and cheapest: most events are tests that passed.
        if (
            event.outcome is Outcome.PASSED
            and settings.verbosity <= 0
            and not event.is_in_order
            and event.attempt == 1
        ):
            return _passing_output(event, settings)
        return _test(event, report, settings)
    if isinstance(event, events.TemplateReady):
        return _template(event, settings)
    if isinstance(event, events.PluginsTold):
        return _plugin_header(event, report) if settings.verbosity > 0 else []
    say = _SAYINGS.get(type(event))
    return [] if say is None else say(event, report)


def printed(worker: int, texts: Sequence[str]) -> list[Line]:
    """Return what a worker has printed, each line marked with whose it is."""
    return [Line(f"[w{worker}] {printed_line(text)}".rstrip()) for text in texts]


def unit_line(
    event: events.UnitFinished, now_s: float, report: RunReport, width: int
) -> list[Line]:
    """Return how the tests of a file ended, and how far the run is."""
    unit = report.unit(event.worker)
    if unit is None or unit.path != event.path:
        return []
    share = min(1.0, report.files_done / max(1, report.files_planned))
    left = f"{one_line(event.path)}  {lines.tally(unit.outcomes) or 'no tests'}"
    far = f"{share:4.0%}" if unit.repetition == 1 else f"repetition {unit.repetition}"
    right = f"{lines.seconds(now_s - unit.since_s)}  [w{event.worker}] {far}"
    return [Line(f"{left}{' ' * max(2, width - len(left) - len(right))}{right}")]


def _test(event: events.TestFinished, report: RunReport, settings: ReporterSettings) -> list[Line]:
    if event.is_context:
        return []
    entry = report.entries[event.entry, event.nodeid, event.occurrence]
    found = []
    if entry.is_order_dependent:
        found.append(Line(lines.order_dependent(entry), "doubt"))
    elif entry.outcome.is_bad or entry.outcome is Outcome.FLAKY or settings.verbosity > 0:
        if event.repetition > 1 and not event.outcome.is_bad:
            return _passing_output(event, settings)  # one that failed before was told of then
        line = lines.verdict_of(entry, settings.width or PLAIN_WIDTH)
        attempt = f" (attempt {event.attempt})" if event.attempt > 1 else ""
        found.append(Line(f"{line.text}{attempt}", line.style))
    # The output of what failed stands in the summary, with its traceback.
    return found if event.outcome.is_bad else [*found, *_passing_output(event, settings)]


def _passing_output(event: events.TestFinished, settings: ReporterSettings) -> list[Line]:
    if settings.output != "all":
        return []
    shown = output(event.phases)
    return [Line(f"output of {one_line(event.nodeid)}", "faint"), *shown] if shown else []


def _plugin_header(event: events.PluginsTold, report: RunReport) -> list[Line]:
    if event.where != "header" or not any(event is told for told in report.plugin_texts):
        return []
    return lines.indented(block(event.text).split("\n"), "")


def _stacks(event: events.StacksShown, _report: RunReport) -> list[Line]:
    what = one_line(event.nodeid) or "nothing"
    head = f"worker {event.worker}: {what}, for {lines.seconds(event.running_s)}"
    return [Line(head, "title"), *lines.indented(block(event.text).split("\n"))]


def _started(event: events.RunStarted, _report: RunReport) -> list[Line]:
    return [lines.header(event)]


def _planned(event: events.PlanMade, _report: RunReport) -> list[Line]:
    held = len(event.withheld)
    withheld = f"; {held} suite{'s' * (held > 1)} withheld" if held else ""
    if not event.suites:
        return [Line(f"plan: nothing to run{withheld}")]
    files = sum(suite.files for suite in event.suites)
    names = [one_line(suite.name) for suite in event.suites]
    dots = ["..."] if len(names) > _NAMED_SUITES else []
    counted = "1 file" if files == 1 else f"{files} files"
    return [Line(f"plan: {counted} of {', '.join(names[:_NAMED_SUITES] + dots)}{withheld}")]


def _template(event: events.TemplateReady, settings: ReporterSettings) -> list[Line]:
    if event.start == "fork" and settings.verbosity <= 0:
        return []
    how = "forked" if event.start == "fork" else "spawned, each as a process of its own"
    python = f"Python {event.python}, pytest {event.pytest}"
    found = [Line(f"workers are {how}: {one_line(event.reason)} ({one_line(python)})", "faint")]
    if event.preloaded:
        names = dict.fromkeys(name.partition(".")[0] for name in event.preloaded)
        found.append(Line(f"loaded ahead of them: {one_line(', '.join(names))}", "faint"))
    return found


def _service_ready(event: events.ServiceReady, report: RunReport) -> list[Line]:
    ready = [item for item in report.services.values() if item.name == event.service]
    if event.slot is not None and sum(item.boot_s is not None for item in ready) > 1:
        # Each slot has one, and each worker anew: the first says it all.
        return []
    line = lines.service_ready(report.services[event.service, event.slot])
    return [Line(f"service {line.text}", "good")]


def _service_failed(event: events.ServiceFailed, report: RunReport) -> list[Line]:
    return lines.service_failed(report.services[event.service, event.slot])


def _late_error(event: events.LateErrorRecorded, report: RunReport) -> list[Line]:
    return [lines.verdict_of(report.entries[EntryKind.TEST, event.nodeid, event.occurrence])]


def _interrupted(event: events.RunInterrupted, _report: RunReport) -> list[Line]:
    how = "running tests may still finish" if event.is_draining else "ending at once"
    return [Line(f"interrupted by {one_line(event.signal)}: {how}", "bad")]


def _notice(event: events.NoticeGiven, _report: RunReport) -> list[Line]:
    return [lines.remark(event.level, event.message, event.hint)]


def _error(event: events.ErrorRaised, _report: RunReport) -> list[Line]:
    return [lines.remark("error", event.message, event.hint)]


_SAYINGS: Mapping[type[events.Event], Callable[[Any, RunReport], list[Line]]] = {
    events.RunStarted: _started,
    events.PlanMade: _planned,
    events.ServiceReady: _service_ready,
    events.ServiceFailed: _service_failed,
    events.LateErrorRecorded: _late_error,
    events.RunInterrupted: _interrupted,
    events.StacksShown: _stacks,
    events.NoticeGiven: _notice,
    events.ErrorRaised: _error,
}
