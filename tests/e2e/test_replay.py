"""The event log is the run: every report made from it again is the same."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

PROJECT = {
    "tests/test_a.py": """
        import os, pytest, warnings

        def test_passes(record_property):
            record_property("answer", 42)
        def test_fails():
            print("captured")
            assert 1 == 2
        def test_crashes(): os._exit(9)
        @pytest.mark.skip(reason="because")
        def test_skips(): pass
        @pytest.mark.xfail(reason="known")
        def test_xfails(): assert 0
        def test_warns(): warnings.warn("careful")
        @pytest.mark.parametrize("x", ["<b>", "\\x00", "é"])
        def test_odd(x): assert not x.strip("é")
        """,
    "tests/test_b.py": "import nothing_of_this_name\n",
}


@pytest.fixture
def run(project: Make) -> Any:
    made = project(PROJECT)
    junit = made.root / "live.xml"
    result = made.run("-n", "2", "--format", "plain", "--junit-xml", str(junit))
    return made, result, junit


def test_r33_junit_json_and_summary_are_the_same_from_the_log(run: Any) -> None:
    made, live, junit = run
    again_xml, again_json = made.root / "again.xml", made.root / "again.json"
    again = made.call(
        "replay", str(live.log), "--junit-xml", str(again_xml), "--json", str(again_json)
    )
    assert again.exit_code == live.exit_code == 1
    assert again.stdout == live.stdout
    assert again_xml.read_bytes() == junit.read_bytes()
    assert again_json.read_bytes() == live.json_path.read_bytes()


def test_a_run_directory_can_be_replayed(run: Any) -> None:
    made, live, _ = run
    (directory,) = (made.root / ".unified-test-runner" / "runs").iterdir()
    assert made.call("replay", str(directory)).stdout == live.stdout


def test_console_junit_and_json_tell_the_same_totals(run: Any) -> None:
    _, live, junit = run
    suites = ET.parse(junit).getroot()
    cases = list(suites.iter("testcase"))
    bad = [
        case for case in cases if case.find("failure") is not None or case.find("error") is not None
    ]
    skipped = [case for case in cases if case.find("skipped") is not None]
    counts = live.counts
    assert len(cases) == len(live.json["tests"])
    assert len(bad) == counts["failed"] + counts["error"] + counts["crashed"]
    assert len(skipped) == counts["skipped"] + counts["xfailed"]
    for outcome in ("passed", "failed", "crashed", "skipped"):
        tests = [t for t in live.json["tests"] if t["outcome"] == outcome and t["kind"] == "test"]
        assert f"{len(tests)} {outcome}" in live.stdout


def test_a_log_that_was_cut_never_looks_like_success(project: Make) -> None:
    made = project({"tests/test_a.py": "def test_1(): pass\ndef test_2(): pass\n"})
    live = made.run("-n", "1")
    assert live.exit_code == 0
    lines = live.log.read_text().splitlines(keepends=True)
    ends = [n for n, line in enumerate(lines) if json.loads(line)["kind"] == "test_finished"]
    cut = made.root / "cut.jsonl"
    cut.write_text("".join(lines[: ends[0] + 1]) + lines[ends[0] + 1][:20])
    again = made.call("replay", str(cut))
    assert again.exit_code not in {0, 5}, again
    assert "1 passed" in again.stdout


def test_a_log_that_is_damaged_says_where(project: Make) -> None:
    made = project({"log.jsonl": '{"v":1}\nnot json\n{"v":1}\n'})
    result = made.call("replay", "log.jsonl")
    assert result.exit_code == 4, result
    assert "log.jsonl:1" in result.stderr
    assert "Traceback" not in result.stderr
