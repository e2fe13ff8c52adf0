from __future__ import annotations

import pytest

from unified_test_runner.errors import UsageError
from unified_test_runner.model import ExitCode, Outcome
from unified_test_runner.reporters.replay import read_log, replay
from unified_test_runner.verdict import reach


def test_a_last_line_that_was_cut_off_is_left_out(log_lines):
    lines = log_lines("all_passed")
    assert len(list(read_log([*lines, lines[-1][:30]]))) == len(lines)


def test_every_prefix_of_a_log_gives_a_report_that_is_no_success(recorded):
    log = recorded("all_passed")
    for cut in range(len(log.split("\n", 1)[0]) + 1, len(log) - 1, 97):
        report = replay(log[:cut].splitlines(keepends=True))
        assert reach(report).code is not ExitCode.OK


def test_a_killed_run_is_reported_as_far_as_it_came(log_lines):
    report = replay(log_lines("killed"))
    assert +report.totals() == {Outcome.PASSED: 2, Outcome.CRASHED: 1}
    assert "ends before the run did" in reach(report).also[0]


def test_a_corrupt_line_is_named(log_lines):
    lines = log_lines("all_passed")
    lines[4] = "{torn\n"
    with pytest.raises(UsageError, match=r"^runs/x/events\.jsonl:5: not an event: .*\(hint: "):
        replay(lines, "runs/x/events.jsonl")


def test_what_is_no_log_at_all_is_refused():
    with pytest.raises(UsageError, match=r"^events\.jsonl:1: not an event"):
        replay(["hello\n"])


def test_unknown_kinds_and_fields_are_ignored(log_lines):
    lines = log_lines("all_passed")
    lines.insert(3, '{"v":1,"seq":99,"t_mono":0.1,"kind":"of_the_future","x":1}\n')
    lines[0] = lines[0].replace('"v":1', '"v":1,"new_field":[1]')
    assert reach(replay(lines)).code is ExitCode.OK


def test_an_empty_log_is_no_success():
    assert reach(replay([])).code is ExitCode.INCOMPLETE
