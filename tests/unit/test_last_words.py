from __future__ import annotations

import pytest

from unified_test_runner.last_words import describe_status, last_words

STACKS = """\
Fatal Python error: Segmentation fault

Thread 0x1 (most recent call first):
  File "/project/tests/test_a.py", line 9 in beside
Current thread 0x2 (most recent call first):
  File "/project/tests/test_a.py", line 3 in test_bad
  File "/venv/site-packages/_pytest/python.py", line 187 in pytest_pyfunc_call
  File "/venv/site-packages/pluggy/_execution.py", line 147 in _multicall
  File "/x/unified_test_runner/worker/child/utr_child/loop.py", line 168 in _run_test
  File "/x/unified_test_runner/worker/child/main.py", line 29 in _main
"""


def test_stacks_end_where_the_test_is(tmp_path):
    path = tmp_path / "worker.log"
    path.write_text(STACKS)
    lines = last_words(path).splitlines()
    assert lines[0] == "Fatal Python error: Segmentation fault"
    assert lines[-1].endswith("line 3 in test_bad")
    assert len(lines) == 6


def test_only_what_came_after_the_start_counts(tmp_path):
    path = tmp_path / "worker.log"
    path.write_text("before\nafter\n")
    assert last_words(path, len("before\n")) == "after"


def test_a_long_output_is_cut_at_its_head(tmp_path):
    path = tmp_path / "worker.log"
    path.write_text("".join(f"line {number}\n" for number in range(100_000)))
    lines = last_words(path).splitlines()
    assert len(lines) == 60
    assert lines[-1] == "line 99999"


def test_a_file_that_is_absent_or_no_text_says_little(tmp_path):
    assert last_words(tmp_path / "absent") == ""
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert last_words(tmp_path / "bytes") == "��"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with status 0"), (3, "exited with status 3"), (-9, "killed by SIGKILL"),
        (-11, "killed by SIGSEGV"), (-63, "killed by signal 63"),
    ],
)  # fmt: skip
def test_how_a_process_ended_is_said_for_people(status, words):
    assert describe_status(status) == words
