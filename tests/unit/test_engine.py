from __future__ import annotations

import pytest

from unified_test_runner.engine import describe_status


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with status 0"), (3, "exited with status 3"), (-9, "killed by SIGKILL"),
        (-11, "killed by SIGSEGV"), (-63, "killed by signal 63"),
    ],
)  # fmt: skip
def test_how_a_process_ended_is_said_for_people(status, words):
    assert describe_status(status) == words
