from __future__ import annotations

import io

import pytest

from unified_test_runner.events import (
    NoticeGiven,
    RunFinished,
    ServiceReady,
    ServiceStopped,
    Stamped,
    TestFinished,
    WallTime,
    WarningRecorded,
    WorkerExited,
)
from unified_test_runner.model import (
    EntryKind,
    ExitCode,
    Outcome,
    PhaseResult,
    Provider,
    Section,
    When,
)
from unified_test_runner.report import RunReport
from unified_test_runner.reporters import ReporterSettings
from unified_test_runner.reporters.console import summary as module
from unified_test_runner.reporters.console.happenings import remarks


def settings(**fields) -> ReporterSettings:
    return ReporterSettings(stream=io.StringIO(), format="plain", **fields)


def folded(*events) -> RunReport:
    report = RunReport()
    for seq, event in enumerate(events, start=1):
        report.apply(Stamped(seq=seq, t_mono=seq / 10, event=event))
    report.end()
    return report


def shown(*events, **fields) -> list[str]:
    lines = module.summary(folded(*events), settings(**fields), 80)
    return [line.text for line in lines]


def ended(outcome: Outcome, number: int = 0, **fields) -> TestFinished:
    return TestFinished(
        worker=1, nodeid=f"a.py::t{number}", suite="s", outcome=outcome, duration_s=0.1, **fields
    )


END = RunFinished(exit_code=ExitCode.OK, duration_s=1.5)


def test_the_words_of_the_totals_add_up():
    outcomes = [*Outcome] * 2
    events = [ended(outcome, number) for number, outcome in enumerate(outcomes)]
    files = [ended(Outcome.ERROR, 90, entry=EntryKind.FILE) for _ in range(1)]
    (line,) = (line for line in shown(*events, *files, END) if " in 1.50s" in line)
    figures = [int(part.split()[0]) for part in line.partition(" in ")[0].split(", ")]
    assert sum(figures) == len(outcomes) + len(files)


def test_many_failures_are_bounded():
    events = [ended(Outcome.FAILED, number, reproduce="utr x") for number in range(300)]
    lines = shown(*events, END)
    assert sum(line.startswith("    reproduce:") for line in lines) == 25
    assert "275 more failures are listed below in one line each" in lines
    assert "... and 100 more, in the event log and the reports" in lines
    assert lines[-1] == "exit 1: 300 tests failed"


def test_a_failure_listed_in_one_line_only_keeps_its_whole_cause():
    cause = "because " * 20 + "of this"
    lines = shown(*(ended(Outcome.FAILED, number, reason=cause) for number in range(30)), END)
    assert [f"FAILED a.py::t{n} - {cause}" in lines for n in (0, 29)] == [False, True]


def test_long_tracebacks_and_outputs_show_their_end():
    text = "\n".join(f"line {number}" for number in range(100))
    phase = PhaseResult(
        when=When.CALL,
        outcome="failed",
        duration_s=0,
        longrepr=text,
        sections=(Section(title="out", text=text),),
    )
    lines = shown(ended(Outcome.FAILED, phases=(phase,)), END)
    assert "    [70 lines before]" in lines
    assert "    line 70" in lines
    assert "    | [80 lines before]" in lines
    assert "    | line 99" in lines


def test_skips_are_counted_by_reason():
    events = [ended(Outcome.SKIPPED, n, reason="no db" if n else "") for n in range(3)]
    lines = shown(*events, END)
    assert "    2 skipped: no db" in lines
    assert "    1 skipped: no reason given" in lines


def test_a_run_of_skips_only_is_no_success():
    lines = shown(ended(Outcome.SKIPPED), RunFinished(exit_code=ExitCode.OK, duration_s=1))
    assert lines[-1] == "nothing ran: every selected test was skipped; accepted, as asked"
    code = RunFinished(exit_code=ExitCode.NOTHING_RAN, duration_s=1)
    assert shown(ended(Outcome.SKIPPED), code)[-1].startswith("exit 5: nothing ran")


def test_flaky_alone_is_a_success_with_a_notice():
    lines = shown(ended(Outcome.FAILED, reason="race"), ended(Outcome.PASSED, attempt=2), END)
    assert "flaky: a.py::t0 passed only on attempt 2: race" in lines
    assert lines[-1] == "1 flaky in 1.50s (0 workers)"


def test_a_worker_that_died_is_named():
    died = WorkerExited(worker=4, slot=0, status=-9, is_expected=False)
    assert "worker 4 died: signal 9" in shown(ended(Outcome.PASSED), died, END)


def test_warnings_are_grouped():
    warned = [WarningRecorded(worker=1, message="old\nmore", category="DeprecationWarning")] * 3
    lines = shown(ended(Outcome.PASSED), *warned, END)
    assert "    3 DeprecationWarning: old" in lines
    assert any(line.startswith("--- warnings: 3 -") for line in lines)


def test_wall_time_is_split():
    wall = WallTime(services_s=1, tests_s=3)
    end = RunFinished(exit_code=ExitCode.OK, duration_s=4, wall=wall)
    expected = "time      services 1.00s (25%), tests 3.00s (75%)"
    assert expected in shown(ended(Outcome.PASSED), end)


@pytest.mark.parametrize(("level", "is_shown"), [("info", False), ("warning", True)])
def test_quiet_keeps_what_matters(level, is_shown):
    lines = shown(
        NoticeGiven(level=level, message="look"), ended(Outcome.PASSED), END, verbosity=-1
    )
    assert (f"{level}: look" in lines) is is_shown
    assert lines[-1] == "1 passed in 1.50s (0 workers)"


def test_services_of_slots_are_told_together():
    ready = [
        ServiceReady(
            service="redis", provider=Provider.DOCKER, reason="asked", version="7.4",
            address="127.0.0.1:1", boot_s=boot_s, slot=slot,
        )
        for slot, boot_s in enumerate((0.2, 0.5, 0.3))
    ]  # fmt: skip
    stopped = ServiceStopped(service="redis", duration_s=1, slot=2, peak_rss_bytes=1048576)
    text = " ".join(" ".join(shown(*ready, stopped, ended(Outcome.PASSED), END)).split())
    assert text.count("redis") == 1
    expected = (
        "redis[1] 7.4 docker ready in 0.50s (asked), 3 of them, the slowest shown, peak 1.0 MiB"
    )
    assert expected in text
    report = folded(*ready[:1])
    assert len(remarks(ready[0], report, settings())) == 1
    report = folded(*ready[:2])
    assert remarks(ready[1], report, settings()) == []


@pytest.mark.parametrize("output", ["failed", "all", "none"])
def test_whose_output_is_shown(output):
    section = Section(title="Captured stdout call", text="hello\n")
    phase = PhaseResult(when=When.CALL, outcome="passed", duration_s=0, sections=(section,))
    event = ended(Outcome.PASSED, phases=(phase,))
    lines = [line.text for line in remarks(event, folded(event), settings(output=output))]
    expected = ["output of a.py::t0", "    Captured stdout call:", "    | hello"]
    assert lines == (expected if output == "all" else [])
