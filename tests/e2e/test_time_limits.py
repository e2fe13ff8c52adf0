"""One deadline authority, out of process: R16."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
GOOD = "def test_before(): pass\n{bad}\ndef test_after(): pass\n"
SLOW_FIXTURE = """
import pytest, time
@pytest.fixture
def slow():
    {before}
    yield
    {after}
def test_bad(slow): pass
"""
DIES_IN_TEARDOWN = """
import os, pytest
@pytest.fixture(scope="session")
def dies():
    yield
    os._exit(9)
def test_a(dies): pass
"""
SIGNALS_BLOCKED = """
import signal, time
def test_bad():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(600)
"""
#: Shorter than any hang below, longer than what the good tests could ever take.
LIMIT = ("--timeout", "2s", "-n", "1")


@pytest.mark.parametrize(
    "bad",
    [
        "def test_bad():\n import time\n time.sleep(600)",
        # In C with the interpreter's lock held: no Python code can run in that process.
        "def test_bad():\n import re\n re.match('(a+)+$', 'a' * 60 + 'b')",
        SLOW_FIXTURE.format(before="time.sleep(600)", after=""),
        SLOW_FIXTURE.format(before="", after="time.sleep(600)"),
        SIGNALS_BLOCKED,
    ],
    ids=["python", "holding the lock", "set-up", "teardown", "signals blocked"],
)
def test_r16_a_test_that_hangs_is_ended_and_the_rest_runs(project: Make, bad: str) -> None:
    result = project({"tests/test_a.py": GOOD.format(bad=bad)}).run(*LIMIT)
    assert result.outcomes == {
        "tests/test_a.py::test_before": "passed",
        "tests/test_a.py::test_bad": "timed_out",
        "tests/test_a.py::test_after": "passed",
    }, result
    assert "limit of 2 s" in result.stdout
    assert result.exit_code == 1


def test_r16_the_stacks_of_all_threads_are_shown(project: Make) -> None:
    bad = """
def sleeps_deep():
    import time
    time.sleep(600)
def test_bad():
    import threading
    threading.Thread(target=beside, daemon=True).start()
    sleeps_deep()
def beside():
    import time
    time.sleep(600)
"""
    result = project({"tests/test_a.py": bad}).run(*LIMIT)
    assert "in sleeps_deep" in result.stdout, result
    assert "in beside" in result.stdout


def test_r16_the_last_output_of_a_crash_is_shown(project: Make) -> None:
    bad = "def test_bad():\n import ctypes\n ctypes.string_at(0)\n"
    result = project({"tests/test_a.py": bad}).run("-n", "1")
    assert result.counts == {"crashed": 1}
    assert "Segmentation fault" in result.stdout, result
    assert "in test_bad" in result.stdout


def test_an_import_that_hangs_is_its_files(project: Make) -> None:
    made = project(
        {
            "tests/test_a.py": "import time\ntime.sleep(600)\n",
            "tests/test_b.py": "def test_b(): pass\n",
        }
    )
    result = made.run(*LIMIT)
    assert result.outcomes == {"tests/test_a.py": "timed_out", "tests/test_b.py::test_b": "passed"}


def test_a_conftest_that_hangs_ends_the_group_and_not_the_user(project: Make) -> None:
    """Start-up is given half a minute, however short the limit of a test is."""
    made = project(
        {
            "tests/conftest.py": "import time\ntime.sleep(600)\n",
            "tests/test_a.py": "def test_a(): pass\n",
        }
    )
    result = made.run(*LIMIT)
    assert result.outcomes == {"tests/test_a.py": "error"}, result
    assert "while it started" in result.stdout


def test_a_mark_overrides_and_the_children_of_the_test_end_with_it(project: Make) -> None:
    bad = """
import pytest, subprocess
@pytest.mark.timeout(1)
def test_bad():
    subprocess.run(["sleep", "600"])
"""
    made = project(
        {
            "pytest.ini": "[pytest]\nmarkers = timeout: seconds\n",
            "tests/test_a.py": bad,
        }
    )
    began = time.monotonic()
    result = made.run("-n", "1")
    assert result.counts == {"timed_out": 1}, result
    assert "limit of 1 s" in result.stdout
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("where", "limit"),
    [
        ("defaults: {timeout: 2s}", "2 s"),
        ("categories: {slow: {timeout: 1500ms}}", "1.5 s"),
    ],
)
def test_the_catalogue_sets_limits(project: Make, where: str, limit: str) -> None:
    made = project({"tests/test_a.py": "import time\ndef test_a(): time.sleep(600)\n"})
    made.write({"config/catalogue.yaml": ""})
    text = f"version: 1\n{where}\nsuites:\n  s: {{paths: [tests], category: slow}}\n"
    if "categories" not in where:
        text = text.replace(", category: slow", "")
    (made.root / "config/catalogue.yaml").write_text(text)
    result = made.run("-n", "1")
    assert result.counts == {"timed_out": 1}, result
    assert f"limit of {limit}" in result.stdout


def test_the_time_limit_of_the_run(project: Make) -> None:
    made = project(
        {
            "tests/test_a.py": "def test_quick(): pass\n",
            "tests/test_b.py": "import time\ndef test_slow(): time.sleep(600)\n",
            "tests/test_c.py": "def test_never(): pass\n",
        }
    )
    result = made.run("-n", "1", "--run-timeout", "3s")
    assert result.exit_code == 11, result
    assert result.outcomes["tests/test_a.py::test_quick"] == "passed"
    assert result.outcomes["tests/test_b.py::test_slow"] == "not_run"
    assert result.outcomes["tests/test_c.py"] == "not_run"
    assert "limit of 3 s" in result.stdout


def test_a_worker_that_hangs_at_its_end_is_named(project: Make) -> None:
    """A thread that is no daemon keeps the interpreter from ending."""
    made = project(
        {
            "tests/test_a.py": """
                import threading, time
                def test_a():
                    threading.Thread(target=time.sleep, args=(600,)).start()
                """
        }
    )
    result = made.run("-n", "1")
    assert result.counts == {"passed": 1}, result
    assert "hung at the end of its interpreter" in result.stdout
    assert result.exit_code == 1, "something that the test started is wrong"


@pytest.mark.parametrize(
    "ending",
    [
        "import atexit, os\ndef test_a(): atexit.register(os._exit, 5)",
        DIES_IN_TEARDOWN,
    ],
    ids=["interpreter", "session fixture"],
)
def test_r1_a_worker_that_dies_at_its_end_is_no_success(project: Make, ending: str) -> None:
    result = project({"tests/test_a.py": ending}).run("-n", "1")
    assert result.counts == {"passed": 1}, result
    assert result.exit_code == 1
    assert "at the end of its session after tests/test_a.py: exited with status" in result.stdout
