"""Whatever happens in whatever order: figures add up, and no reporter inverts an outcome."""

from __future__ import annotations

import io
import json
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from unified_test_runner.events import (
    LateErrorRecorded,
    PlanMade,
    RunFinished,
    Stamped,
    TestFinished,
    TestStarted,
    UnitFinished,
    UnitStarted,
    encode,
)
from unified_test_runner.model import EntryKind, ExitCode, Outcome, PhaseResult, Section, When
from unified_test_runner.report import RunReport
from unified_test_runner.reporters import ReporterSettings, make_reporters
from unified_test_runner.reporters.json_report import written
from unified_test_runner.reporters.junit import junit_document
from unified_test_runner.reporters.publisher import Publisher
from unified_test_runner.reporters.replay import replay, replay_into
from unified_test_runner.verdict import reach

# Every code point there is, lone surrogates and control characters included.
TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
IDS = st.sampled_from(["a.py::x", "a.py::y[\x1b]", "b.py::\ud800", "b.py", "[bold]::]]>"])
WORKERS = st.integers(1, 3)
NUMBERS = st.integers(0, 2)
REPETITIONS = st.sampled_from([1, 1, 1, 2, 3, 900])
PHASES = st.builds(
    PhaseResult,
    when=st.sampled_from(When),
    outcome=st.sampled_from(["passed", "failed", "skipped"]),
    duration_s=st.just(0.1),
    message=TEXT,
    longrepr=TEXT,
    expected=st.none() | TEXT,
    sections=st.lists(st.builds(Section, title=TEXT, text=TEXT), max_size=2).map(tuple),
)
EVENTS = st.one_of(
    st.builds(
        TestStarted,
        worker=WORKERS,
        nodeid=IDS,
        suite=TEXT,
        occurrence=NUMBERS,
        attempt=NUMBERS,
        repetition=REPETITIONS,
    ),
    st.builds(
        TestFinished,
        worker=WORKERS,
        nodeid=IDS,
        suite=TEXT,
        outcome=st.sampled_from(Outcome),
        duration_s=st.floats(0, 1e6),
        phases=st.lists(PHASES, max_size=2).map(tuple),
        entry=st.sampled_from(EntryKind),
        occurrence=NUMBERS,
        attempt=NUMBERS,
        repetition=REPETITIONS,
        path=TEXT,
        line=st.integers(0, 9),
        classname=TEXT,
        name=TEXT,
        reason=TEXT,
        reproduce=TEXT,
        properties=st.lists(st.tuples(TEXT, TEXT), max_size=1).map(tuple),
    ),
    st.builds(
        LateErrorRecorded,
        worker=WORKERS,
        nodeid=IDS,
        phase=PHASES,
        occurrence=NUMBERS,
        attempt=NUMBERS,
        repetition=REPETITIONS,
    ),
    st.builds(UnitStarted, worker=WORKERS, path=IDS, suite=TEXT),
    st.builds(UnitFinished, worker=WORKERS, path=IDS),
    st.just(PlanMade(suites=(), selectors=(("PATH", "a.py"), ("--test-pattern", "*x*")))),
    st.just(RunFinished(exit_code=ExitCode.OK, duration_s=3)),
)
STREAMS = st.lists(EVENTS, max_size=20)
EXAMPLES = settings(max_examples=150, deadline=None)


def stamped(events) -> list[Stamped]:
    return [Stamped(seq=n, t_mono=n / 7, event=event) for n, event in enumerate(events, start=1)]


def folded(events) -> RunReport:
    report = RunReport()
    for one in stamped(events):
        report.apply(one)
    report.end()
    return report


@EXAMPLES
@given(STREAMS)
def test_r5_totals_add_up_and_every_started_test_has_one_end(events):
    report = folded(events)
    for kind in EntryKind:
        found = Counter(entry.outcome for entry in report.entries.values() if entry.kind is kind)
        assert +report.totals(kind) == found
    for event in events:
        if isinstance(event, TestStarted):
            entry = report.entries[EntryKind.TEST, event.nodeid, event.occurrence]
            numbers = [attempt.number for attempt in entry.attempts]
            assert numbers == sorted(set(numbers))
            # Of many repetitions not all are kept.
            assert entry.repetitions > 1 or {event.attempt, event.repetition} & {*numbers}
    assert report.running == ()
    is_success = reach(report).code is ExitCode.OK
    assert not (is_success and (report.bad_entries or report.is_cut))


def read_junit(document: bytes) -> list[tuple[str, str | None]]:
    """What a reader that knows nothing of us finds: verdict and our own word for it."""
    found = []
    for case in etree.fromstring(document).findall("testsuite/testcase"):
        tags = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
        assert len(tags) <= 1
        for child in case:
            if child.tag in {"failure", "error", "skipped"}:
                assert child.get("message")
        verdict = tags[0] if tags else "passed"
        (outcome,) = (
            item.get("value")
            for item in case.findall("properties/property")[:2]
            if item.get("name") == "outcome"
        )
        found.append((verdict, outcome))
    return found


JUNIT = {
    Outcome.PASSED: "passed",
    Outcome.XPASSED: "passed",
    Outcome.FLAKY: "passed",
    Outcome.SKIPPED: "skipped",
    Outcome.XFAILED: "skipped",
    Outcome.FAILED: "failure",
}


@EXAMPLES
@given(STREAMS)
def test_junit_and_json_keep_every_outcome(events):
    report = folded(events)
    found = read_junit(junit_document(report))
    expected = [
        (JUNIT.get(entry.outcome, "error"), entry.outcome.value)
        for entry in report.entries.values()
    ]
    assert Counter(found) == Counter(expected)
    document = json.loads(b"".join(written(report)))
    outcomes = [entry["outcome"] for entry in document["tests"]]
    assert outcomes == [entry.outcome.value for entry in report.entries.values()]
    total = sum(document["totals"].values()) + sum(document["file_totals"].values())
    assert total == len(outcomes)


@EXAMPLES
@given(STREAMS)
def test_r20_the_console_never_fails_and_a_replay_says_the_same(events):
    outputs = []
    for drive in (_live, _replayed):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding="utf-8", newline="\n")
        chosen = ReporterSettings(stream=stream, format="plain", verbosity=1, output="all")
        report = drive(stamped(events), make_reporters(chosen))
        outputs.append((raw.getvalue(), junit_document(report), b"".join(written(report))))
    assert outputs[0] == outputs[1]
    assert not any(byte < 0x20 and byte != 0x0A for byte in outputs[0][0])


def _live(events, reporters) -> RunReport:
    publisher = Publisher(reporters)
    for one in events:
        publisher.publish(one)
    publisher.close()
    return publisher.report


def _replayed(events, reporters) -> RunReport:
    return replay_into([encode(one) for one in events], reporters)


@EXAMPLES
@given(STREAMS, st.integers(0, 2000))
def test_a_log_cut_anywhere_gives_a_report_and_no_success(events, cut):
    log = "".join(f"{encode(one)}\n" for one in stamped(events))[:cut]
    complete = log.count("\n")
    if not complete:
        return
    report = replay(log.splitlines(keepends=True))
    ran = any(isinstance(event, RunFinished) for event in events[: complete + 1])
    assert ran or reach(report).code is not ExitCode.OK
