from __future__ import annotations

import json

from unified_test_runner.events import Stamped, TestFinished
from unified_test_runner.model import Outcome, PhaseResult, When
from unified_test_runner.report import RunReport
from unified_test_runner.reporters.json_report import JsonReport


def written(tmp_path, *events: TestFinished) -> tuple[str, dict]:
    report = RunReport()
    for seq, event in enumerate(events, start=1):
        report.apply(Stamped(seq=seq, t_mono=seq, event=event))
    report.end()
    JsonReport(tmp_path / "report.json").close(report)
    text = (tmp_path / "report.json").read_text(encoding="ascii")
    return text, json.loads(text)


def ended(outcome: Outcome, **fields) -> TestFinished:
    return TestFinished(
        worker=1, nodeid="a.py::t", suite="s", outcome=outcome, duration_s=1, **fields
    )


def test_an_entry_has_what_a_reader_needs(tmp_path):
    phase = PhaseResult(when=When.CALL, outcome="failed", duration_s=1, message="no")
    _, document = written(
        tmp_path,
        ended(Outcome.FAILED, phases=(phase,), line=4, category="unit", reproduce="utr a.py::t"),
    )
    (entry,) = document["tests"]
    assert entry == {
        "nodeid": "a.py::t",
        "outcome": "failed",
        "suite": "s",
        "category": "unit",
        "duration_s": 1.0,
        "attempts": [
            {"number": 1, "outcome": "failed", "duration_s": 1.0, "worker": 1, "message": "no"}
        ],
        "kind": "test",
        "path": "a.py",
        "line": 4,
        "worker": 1,
        "reason": "",
        "message": "no",
        "occurrence": 0,
        "phases": [{"when": "call", "outcome": "failed", "duration_s": 1, "message": "no"}],
        "reproduce": "utr a.py::t",
    }
    assert document["totals"]["failed"] == 1
    assert document["exit_code"] == 1


def test_a_flaky_test_shows_the_attempt_that_failed(tmp_path):
    _, document = written(
        tmp_path, ended(Outcome.FAILED, reason="race"), ended(Outcome.PASSED, attempt=2)
    )
    (entry,) = document["tests"]
    assert entry["outcome"] == "flaky"
    assert [attempt["outcome"] for attempt in entry["attempts"]] == ["failed", "passed"]
    assert entry["message"] == "race"


def test_a_line_per_test(tmp_path):
    text, _ = written(tmp_path, ended(Outcome.PASSED), ended(Outcome.PASSED, occurrence=1))
    assert len([line for line in text.splitlines() if '"nodeid"' in line]) == 2


def test_a_run_without_a_test_is_a_document_too(tmp_path):
    _, document = written(tmp_path)
    assert (document["tests"], document["is_complete"]) == ([], False)
