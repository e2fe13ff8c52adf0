"""Signals: the first drains with teardown and reports, a second one kills; exit code 2."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path

Make = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("signals_as_by_default")

PROJECT = {
    "tests/conftest.py": """
        import pathlib, pytest
        @pytest.fixture(scope="session")
        def resource():
            yield
            pathlib.Path("torn_down").write_text("yes")
        """,
    # The tests wait for a file, so that the test of this test decides when they go on.
    "tests/test_a.py": """
        import pathlib, time
        def wait_for(name):
            while not pathlib.Path(name).exists():
                time.sleep(0.01)
        def test_waits(resource):
            pathlib.Path("started").write_text("yes")
            wait_for("go")
        def test_never_starts(resource): pass
        """,
    "tests/test_b.py": "def test_other(): pass\n",
}


def until(condition: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def finished(process: Any) -> str:
    stdout, _ = process.communicate(timeout=60)
    return stdout


def outcomes(made: Any) -> dict[str, str]:
    report = json.loads(next(made.root.parent.glob("reports-project-*/report.json")).read_text())
    return {test["nodeid"]: test["outcome"] for test in report["tests"]}


@pytest.fixture
def running(project: Make) -> Any:
    made = project(PROJECT)
    process, _ = made.start("-n", "1")
    until((made.root / "started").exists)
    yield made, process
    if process.poll() is None:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_lets_the_running_test_end(running: Any, number: int) -> None:
    made, process = running
    process.send_signal(number)
    seen = made.root / ".unified-test-runner" / "runs"
    until(lambda: any("run_interrupted" in log.read_text() for log in seen.glob("*/events.jsonl")))
    (made.root / "go").write_text("yes")
    stdout = finished(process)
    assert process.returncode == 2, stdout
    found = outcomes(made)
    assert found["tests/test_a.py::test_waits"] == "passed"
    assert found["tests/test_a.py::test_never_starts"] == "not_run"
    assert (made.root / "torn_down").exists()


def test_a_second_signal_kills(running: Any) -> None:
    made, process = running
    process.send_signal(signal.SIGINT)
    seen = made.root / ".unified-test-runner" / "runs"
    until(lambda: any("run_interrupted" in log.read_text() for log in seen.glob("*/events.jsonl")))
    process.send_signal(signal.SIGINT)
    stdout = finished(process)
    assert process.returncode == 2, stdout
    assert outcomes(made)["tests/test_a.py::test_waits"] == "not_run"
    assert "interrupted" in stdout


def test_ctrl_c_before_any_worker_is_ready_ends_the_run(project: Make) -> None:
    made = project({"tests/conftest.py": "import time\ntime.sleep(600)\n", "tests/test_a.py": ""})
    process, runs = made.start("-n", "1")
    until(lambda: any("worker_started" in log.read_text() for log in runs.glob("*/events.jsonl")))
    process.send_signal(signal.SIGINT)
    stdout = finished(process)
    assert process.returncode == 2, stdout


def processes_of(root: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(root):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_workers_do_not_outlive_a_killed_runner(running: Any) -> None:
    made, process = running
    before = [p for p in processes_of(made.root) if p.pid != process.pid]
    assert before, "the worker is there"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    until(lambda: not processes_of(made.root), within_s=5)
