from __future__ import annotations

import json

import pytest

from unified_test_runner.failure_file import read_failures, write_failures
from unified_test_runner.failures import FailureRecord

A, B = "tests/test_a.py", "tests/test_b.py"
KNOWN = FailureRecord(failed={A: ("test_x",)})


def test_the_record_comes_back_without_files_that_are_gone(tmp_path):
    (tmp_path / "tests").mkdir()
    for path in (A, B):
        (tmp_path / path).touch()
    odd = FailureRecord(failed={A: ("test_\udc80[\x1b]",), B: ("",)}, stopped_at=(B, "x"))
    assert write_failures(tmp_path, odd) == ""
    assert read_failures(tmp_path) == odd
    (tmp_path / B).unlink()
    assert read_failures(tmp_path) == FailureRecord(failed={A: odd.failed[A]})


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", '{"version": 2, "failed": {}}', '{"version": 1, "failed": {"a": "b"}}',
        '{"version": 1, "failed": {"a\\u0000": ["b"]}}', "[" * 100_000,
        '{"version": 1, "failed": {}, "stopped_at": ["a"]}', "\x80",
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_read_is_none(tmp_path, text):
    home = tmp_path / ".unified-test-runner"
    home.mkdir()
    (home / "last-failed.json").write_text(text, encoding="latin-1")
    assert read_failures(tmp_path) == FailureRecord()


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / ".unified-test-runner").write_text("a file")
    assert write_failures(tmp_path, KNOWN) != ""


def test_the_file_is_for_other_programs_too(tmp_path):
    (tmp_path / "a.py").touch()
    write_failures(tmp_path, FailureRecord(failed={"a.py": ("test_ü",)}))
    text = (tmp_path / ".unified-test-runner" / "last-failed.json").read_text("ascii")
    assert json.loads(text) == {"version": 1, "failed": {"a.py": ["test_ü"]}, "stopped_at": None}
