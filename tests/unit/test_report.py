from __future__ import annotations

import pytest

from unified_test_runner.events import (
    ErrorRaised,
    ForecastDiffered,
    LateErrorRecorded,
    PlanMade,
    PlannedSuite,
    RunFinished,
    RunInterrupted,
    RunStarted,
    ServiceFailed,
    ServiceReady,
    ServiceStopped,
    Stamped,
    TestFinished,
    TestStarted,
    UnitCollected,
    UnitFinished,
    UnitSplit,
    UnitStarted,
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
    WithheldSuite,
)
from unified_test_runner.report import RunReport
from unified_test_runner.verdict import reach

SUITE = PlannedSuite(name="shop", group=0, files=1, category="integration")
PATH = "suites/shop/test_a.py"
TEST = f"{PATH}::test_b"


def fold(*events, is_ended=True) -> RunReport:
    report = RunReport()
    for seq, event in enumerate(events, start=1):
        report.apply(Stamped(seq=seq, t_mono=seq / 10, event=event))
    if is_ended:
        report.end()
    return report


def ended(outcome=Outcome.PASSED, nodeid=TEST, **fields) -> TestFinished:
    fields = {"suite": "shop", "path": nodeid.partition("::")[0], "duration_s": 0.5, **fields}
    return TestFinished(worker=1, nodeid=nodeid, outcome=outcome, **fields)


def begun(nodeid=TEST, **fields) -> TestStarted:
    return TestStarted(worker=1, nodeid=nodeid, suite="shop", **fields)


def late(when=When.TEARDOWN) -> LateErrorRecorded:
    phase = PhaseResult(when=when, outcome="failed", duration_s=0, message="pool is closed")
    return LateErrorRecorded(worker=1, nodeid=TEST, phase=phase)


def finished(code=ExitCode.OK) -> RunFinished:
    return RunFinished(exit_code=code, duration_s=1.0)


def plan(*selectors, suites=(SUITE,), withheld=()) -> PlanMade:
    return PlanMade(suites=suites, withheld=withheld, selectors=selectors)


UNIT = (
    UnitStarted(worker=1, path=PATH, suite="shop"),
    UnitFinished(worker=1, path=PATH),
)


@pytest.mark.parametrize(
    ("attempts", "verdict"),
    [
        ([Outcome.PASSED], Outcome.PASSED),
        ([Outcome.FAILED, Outcome.PASSED], Outcome.FLAKY),
        ([Outcome.CRASHED, Outcome.FAILED], Outcome.FAILED),
        ([Outcome.FAILED, Outcome.ERROR, Outcome.PASSED], Outcome.FLAKY),
        ([Outcome.FAILED, Outcome.SKIPPED], Outcome.FAILED),
        ([Outcome.TIMED_OUT, Outcome.NOT_RUN], Outcome.TIMED_OUT),
        ([Outcome.NOT_RUN, Outcome.PASSED], Outcome.PASSED),
        ([Outcome.PASSED, Outcome.FAILED], Outcome.FAILED),
    ],
)
def test_the_last_attempt_decides(attempts, verdict):
    report = fold(*(ended(o, attempt=n) for n, o in enumerate(attempts, start=1)))
    (entry,) = report.entries.values()
    assert entry.outcome is verdict
    assert +report.totals() == {verdict: 1}
    assert [attempt.outcome for attempt in entry.attempts] == attempts


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Outcome.PASSED, Outcome.ERROR),
        (Outcome.SKIPPED, Outcome.ERROR),
        (Outcome.XFAILED, Outcome.ERROR),
        (Outcome.FAILED, Outcome.FAILED),
        (Outcome.CRASHED, Outcome.CRASHED),
    ],
)
@pytest.mark.parametrize("is_early", [False, True])
def test_a_late_error_amends_its_test(before, after, is_early):
    pair = (ended(before), late())
    report = fold(*(reversed(pair) if is_early else pair))
    (entry,) = report.entries.values()
    assert entry.outcome is after
    assert +report.totals() == {after: 1}
    assert "pool is closed" in [phase.message for phase in entry.last.phases]


def test_a_late_error_of_an_unknown_test_is_not_lost():
    report = fold(late())
    assert +report.totals() == {Outcome.ERROR: 1}


def test_a_second_end_of_an_attempt_never_hides_the_worse():
    report = fold(ended(Outcome.CRASHED), ended())
    assert +report.totals() == {Outcome.CRASHED: 1}


def test_texts_of_what_passed_are_dropped():
    section = Section(title="Captured stdout call", text="much")
    phase = PhaseResult(when=When.CALL, outcome="passed", duration_s=0, sections=(section,))
    report = fold(ended(phases=(phase,)), ended(Outcome.FAILED, f"{PATH}::bad", phases=(phase,)))
    good, bad = report.entries.values()
    assert good.last.phases == ()
    assert bad.last.phases == (phase,)


def test_files_are_counted_apart_from_tests():
    report = fold(
        ended(),
        ended(Outcome.ERROR, PATH, entry=EntryKind.FILE),
        ended(Outcome.SKIPPED, PATH, entry=EntryKind.FILE, occurrence=1),
    )
    assert +report.totals() == {Outcome.PASSED: 1}
    assert +report.totals(EntryKind.FILE) == {Outcome.ERROR: 1, Outcome.SKIPPED: 1}
    assert reach(report).code is ExitCode.TESTS_FAILED


def test_a_cut_log_ends_every_test_and_is_never_a_success():
    report = fold(plan(), UNIT[0], begun(f"{PATH}::a"), ended(nodeid=f"{PATH}::a"), begun())
    assert +report.totals() == {Outcome.PASSED: 1, Outcome.CRASHED: 1}
    assert report.running == ()
    assert report.is_cut
    assert reach(report).code is ExitCode.TESTS_FAILED


def test_a_cut_log_without_a_running_test_is_incomplete():
    report = fold(plan(), *UNIT, ended())
    assert reach(report).code is ExitCode.INCOMPLETE
    assert reach(fold()).code is ExitCode.INCOMPLETE


def test_before_the_end_nothing_is_held_against_a_run_that_is_done():
    report = fold(plan(), UNIT[0], begun(), ended(), UNIT[1], is_ended=False)
    assert reach(report).code is ExitCode.OK


DONE = (plan(), *UNIT)


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([*DONE, ended()], ExitCode.OK),
        ([*DONE, ended(Outcome.XFAILED)], ExitCode.OK),
        ([*DONE, ended(Outcome.FAILED), ended(attempt=2)], ExitCode.OK),
        ([*DONE, ended(Outcome.TIMED_OUT)], ExitCode.TESTS_FAILED),
        ([*DONE], ExitCode.NOTHING_RAN),
        ([*DONE, ended(Outcome.SKIPPED)], ExitCode.NOTHING_RAN),
        ([plan(), ended()], ExitCode.INCOMPLETE),
        ([plan(), UNIT[0], ended(Outcome.FAILED)], ExitCode.TESTS_FAILED),
        ([*DONE, ended(), ended(Outcome.NOT_RUN, f"{PATH}::x")], ExitCode.INCOMPLETE),
        ([*DONE, ended(), ServiceFailed(service="db", message="died")], ExitCode.SERVICE),
        (
            [*DONE, ended(), ServiceFailed(service="db", message="died"),
             ServiceStopped(service="db", duration_s=1)],
            ExitCode.SERVICE,
        ),
        (
            [*DONE, ended(), ServiceFailed(service="db", message="died"),
             ServiceReady(service="db", provider=Provider.DOCKER, reason="", version="1",
                          address="", boot_s=1)],
            ExitCode.SERVICE,
        ),
        (
            [*DONE, ended(Outcome.FAILED), RunInterrupted(signal="SIGINT", is_draining=True)],
            ExitCode.INTERRUPTED,
        ),
        (
            [*DONE, ended(), ErrorRaised(message="late", exit_code=ExitCode.TIME_LIMIT)],
            ExitCode.TIME_LIMIT,
        ),
        (
            [*DONE, RunInterrupted(signal="SIGINT", is_draining=True),
             ErrorRaised(message="bug", exit_code=ExitCode.INTERNAL)],
            ExitCode.INTERNAL,
        ),
    ],
)  # fmt: skip
def test_exit_codes_and_their_precedence(events, code):
    verdict = reach(fold(*events, finished(code)))
    assert verdict.code is code
    assert bool(verdict.reason) is (code is not ExitCode.OK)
    assert reach(fold(*events, is_ended=False)).code is code


def test_a_recorded_success_does_not_hide_a_failure():
    assert reach(fold(*DONE, ended(Outcome.FAILED), finished())).code is ExitCode.TESTS_FAILED


def test_a_recorded_failure_stands_even_where_nothing_explains_it():
    verdict = reach(fold(*DONE, ended(), finished(ExitCode.GATE)))
    assert verdict.code is ExitCode.GATE
    assert verdict.reason


def test_r11_an_empty_run_may_be_accepted_but_says_so():
    report = fold(*DONE, is_ended=False)
    assert reach(report, is_empty_allowed=True).code is ExitCode.OK
    replayed = fold(*DONE, finished())
    assert reach(replayed).code is ExitCode.OK
    assert "nothing ran" in reach(replayed).reason


@pytest.mark.parametrize(
    ("selector", "is_met"),
    [
        (("--category", "integration"), True),
        (("--category", "unit"), False),
        (("--suite", "shop"), True),
        (("--suite", "sho"), False),
        (("--test-pattern", "*test_a*"), True),
        (("--test-pattern", "test_b"), True),
        (("--test-pattern", "TEST_B"), False),
        (("--test-pattern", "s?op"), True),
        (("--test-pattern", "[s]hop"), False),
        (("PATH", PATH), True),
        (("PATH", "./suites/shop/"), True),
        (("PATH", "suites/sho"), False),
        (("PATH", "."), True),
        (("PATH", TEST), True),
        (("PATH", f"{PATH}::test_c"), False),
        (("PATH", f"{PATH}::test"), False),
        (("-k", "test_b"), True),
    ],
)
def test_r1_each_selector_must_lead_to_a_test(selector, is_met):
    report = fold(plan(selector), *UNIT, ended(), finished())
    assert (report.unmet_selectors == ()) is is_met
    live = fold(plan(selector), *UNIT, ended(), is_ended=False)
    assert reach(live).code is (ExitCode.OK if is_met else ExitCode.NOTHING_RAN)


def test_a_selector_that_led_to_skips_only_is_not_met():
    report = fold(
        plan(("PATH", PATH), ("--suite", "shop")),
        *UNIT,
        ended(nodeid="suites/shop/test_o.py::test_x"),
        ended(Outcome.SKIPPED),
        is_ended=False,
    )
    assert [unmet.value for unmet in report.unmet_selectors] == [PATH]
    assert reach(report).code is ExitCode.NOTHING_RAN


def test_a_withheld_selector_names_the_flag():
    suite = WithheldSuite(name="bill", files=1, flag="--real-services", category="e2e")
    report = fold(plan(("--category", "e2e"), withheld=(suite,)), *UNIT, ended(), is_ended=False)
    expected = "--category e2e led to no executed test (withheld; add --real-services)"
    assert reach(report).reason == expected


def test_a_broken_file_answers_for_what_was_asked_of_it():
    broken = ended(Outcome.ERROR, PATH, entry=EntryKind.FILE)
    report = fold(plan(("PATH", TEST)), *UNIT, broken)
    assert report.unmet_selectors == ()


def test_files_that_differ_from_the_forecast_are_not_missing():
    other = "suites/shop/test_new.py"
    report = fold(
        plan(),
        ForecastDiffered(group=0, missing=(PATH,), unexpected=(other,)),
        UnitStarted(worker=1, path=other, suite="shop"),
        UnitFinished(worker=1, path=other),
        ended(nodeid=f"{other}::test_x"),
        is_ended=False,
    )
    assert report.files_planned == report.files_done == 1
    assert reach(report).code is ExitCode.OK


def test_a_file_shared_by_two_workers_is_deselected_from_once():
    shared = [
        UnitCollected(worker=worker, path=PATH, suite="shop", tests=4, deselected=3, duration_s=0.1)
        for worker in (1, 2)
    ]
    assert fold(*shared).deselected == 3


def test_workers_slowest_and_memory():
    report = fold(
        ended(duration_s=0.1, rss_before_bytes=10, rss_after_bytes=30, peak_rss_bytes=50),
        ended(nodeid=f"{PATH}::slow", duration_s=2, peak_rss_bytes=40),
        WorkerExited(worker=1, slot=0, status=-9, is_expected=False, peak_rss_bytes=45, idle_s=0.2),
    )
    (worker,) = report.workers
    assert (worker.tests, worker.peak_rss_bytes, worker.status) == (2, 50, -9)
    assert [entry.nodeid for entry in report.slowest(1)] == [f"{PATH}::slow"]
    assert [entry.growth_bytes for entry in report.grew_most(3)] == [20]


def test_a_unit_counts_its_tests():
    report = fold(UNIT[0], ended(), ended(Outcome.SKIPPED, f"{PATH}::s"), UNIT[1])
    assert report.unit(1).outcomes == {Outcome.PASSED: 1, Outcome.SKIPPED: 1}


@pytest.mark.parametrize(("choice", "code"), [("fail", 1), ("report", 0)])
def test_flaky_tests_fail_the_run_where_that_was_asked_for(choice, code):
    run = RunStarted(
        run_id="r", started_at="", root="", run_dir="", argv=(), version="", python="",
        platform="", workers=1, flaky=choice,
    )  # fmt: skip
    attempts = (ended(Outcome.FAILED), ended(attempt=2))
    report = fold(run, plan(), *UNIT, *attempts, finished(ExitCode(code)))
    assert reach(report).code == code
    assert [entry.nodeid for entry in report.flaky_entries] == [TEST]


def test_a_divided_file_is_done_when_all_its_parts_are():
    events = (
        UnitStarted(worker=0, path=PATH, suite="shop"),
        UnitSplit(worker=0, path=PATH, index=4),
        UnitStarted(worker=1, path=PATH, suite="shop", first=4, start=4, giver=0),
        UnitSplit(worker=1, path=PATH, index=7),
        UnitFinished(worker=0, path=PATH),
        UnitFinished(worker=0, path=PATH, first=7),
    )
    assert fold(*events).unfinished_paths == (PATH,)
    report = fold(*events, UnitFinished(worker=1, path=PATH, first=4))
    assert report.unfinished_paths == ()
    assert report.files_done == 1
