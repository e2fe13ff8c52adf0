"""One run of a suite, under plain pytest or under ours, with what it took."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from outcomes import Outcomes, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
#: Variables that would make a run depend on who started it.
_PRIVATE = ("UTR_", "PYTEST_", "PYTHON", "COV_", "COVERAGE_", "PARITY_")
_TOTAL_S = 900


@dataclass(frozen=True)
class Suite:
    """What to run: a folder, the tests in it, and how."""

    folder: Path
    paths: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()  # for pytest, in both
    python: str = sys.executable
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What a run came to. `processor_s` counts every descendant that was waited for."""

    label: str
    outcomes: Outcomes
    wall_s: float
    processor_s: float
    exit_code: int
    output: str = ""

    @property
    def tests(self) -> int:
        return sum(n for ((kind, _), _), n in self.outcomes.items() if kind == "test")


@dataclass(frozen=True)
class Measured:
    """How a process ended, and what it and its descendants took."""

    exit_code: int
    wall_s: float
    processor_s: float
    output: str


def measured(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], limit_s: float = _TOTAL_S
) -> Measured:
    """Run a command to its end in a session of its own."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        usage = _wait(process, began + limit_s)
        took = time.perf_counter() - began
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Measured(process.returncode, took, usage.ru_utime + usage.ru_stime, text)


def _wait(process: subprocess.Popen[bytes], deadline: float):
    """Wait as `wait4` does, so that the usage of all reaped descendants is known."""
    pause = 0.002
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage
        if time.perf_counter() > deadline:
            os.killpg(process.pid, signal.SIGKILL)
            deadline = float("inf")
        time.sleep(pause)
        pause = min(pause * 1.2, 0.01)


@contextmanager
def surroundings(suite: Suite) -> Iterator[dict[str, str]]:
    """Yield the environment of both sides: a folder with the recorder and our package."""
    with tempfile.TemporaryDirectory(prefix="parity-") as name:
        folder = Path(name)
        shutil.copy(HERE / "plugin" / "parity_recorder.py", folder)
        (folder / "unified_test_runner").symlink_to(REPOSITORY / "unified_test_runner")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_PRIVATE)}
        yield {
            **kept,
            "PYTHONPATH": name,
            "PYTHONHASHSEED": "0",  # parameters made from sets keep their order
            "UTR_STATE_DIR": f"{name}/state",
            "PARITY_RECORD": f"{name}/record.jsonl",
            **suite.environ,
        }


def run_plain(suite: Suite, label: str, *options: str, is_reversed: bool = False) -> Run:
    """Run plain pytest; files that do not import do not keep the others from running."""
    with surroundings(suite) as environ:
        if is_reversed:
            environ["PARITY_ORDER"] = "reversed"
        command = [*pytest_of(suite.python), "-q", "-p", "parity_recorder"]
        command += ["--continue-on-collection-errors", *options, *suite.arguments, *suite.paths]
        done = measured(command, suite.folder, environ)
        outcomes = _recorded(Path(environ["PARITY_RECORD"]))
    return Run(label, outcomes, done.wall_s, done.processor_s, done.exit_code, done.output)


def pytest_of(python: str) -> list[str]:
    """Return the `pytest` command: `-m pytest` would put the folder on the import path."""
    script = Path(python).with_name("pytest")
    return [str(script)] if script.exists() else [python, "-m", "pytest"]


def _recorded(path: Path) -> Outcomes:
    found: Outcomes = Counter()
    running = None
    for text in path.read_text().splitlines() if path.exists() else ():
        line = json.loads(text)
        running = line["nodeid"] if line["kind"] == "start" else None
        if line["kind"] in {"test", "file"}:
            found[(line["kind"], line["nodeid"]), told(line["phases"])] += 1
    if running is not None:
        found[("test", running), "crashed"] += 1
    return found


def run_ours(suite: Suite, workers: int, *options: str, start: str = "fork") -> Run:
    """Run the same under the runner of this repository, its workers started in one way."""
    with surroundings(suite) as environ:
        folder = Path(environ["UTR_STATE_DIR"]).parent
        report, record = folder / "report.json", folder / "run"
        command = [sys.executable, "-m", "unified_test_runner", "--format", "plain"]
        command += ["-n", str(workers), "--start", start, "--json", str(report)]
        command += ["--run-dir", str(record), "--python", suite.python]
        command += [*options, *suite.paths, "--", *suite.arguments]
        done = measured(command, suite.folder, environ)
        outcomes = _of_report(report, record)
    label = f"ours -n {workers}{' spawned' * (start == 'spawn')}"
    return Run(label, outcomes, done.wall_s, done.processor_s, done.exit_code, done.output)


def _of_report(report: Path, record: Path) -> Outcomes:
    """Join the verdicts of the report with the phases of the attempts that led to them."""
    if not report.exists():
        return Counter()
    phases: dict[tuple[str, str, int, int], list[tuple[str, str, bool]]] = {}
    for path in record.rglob("events.jsonl"):
        for line in path.read_text().splitlines():
            event = json.loads(line)
            if event["kind"] == "test_finished" and not event.get("is_context"):
                key = (event.get("entry", "test"), event["nodeid"], event.get("occurrence", 0))
                phases[(*key, event.get("attempt", 1))] = _phases(event)
            elif event["kind"] == "late_error":
                key = ("test", event["nodeid"], event.get("occurrence", 0))
                late = event["phase"]
                # Under plain pytest the teardown of the test itself would have failed so.
                kept = phases.setdefault((*key, event.get("attempt", 1)), [])
                kept[:] = [each for each in kept if each[0] != "teardown"]
                kept.append((late["when"], late["outcome"], False))
    found: Outcomes = Counter()
    for entry in json.loads(report.read_text())["tests"]:
        last = entry["attempts"][-1]["number"]
        key = (entry["kind"], entry["nodeid"], entry["occurrence"], last)
        name = (entry["kind"], entry["nodeid"])
        if entry["outcome"] == "not_run":
            continue  # plain pytest says nothing of what it does not run
        found[name, told(phases.get(key, ()), entry["outcome"])] += 1
    return found


def _phases(event: dict) -> list[tuple[str, str, bool]]:
    if event.get("passed"):
        return [(when, "passed", False) for when in ("setup", "call", "teardown")]
    return [
        (each["when"], each["outcome"], each.get("expected") is not None)
        for each in event.get("phases", ())
    ]
