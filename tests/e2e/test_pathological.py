"""Five hundred good tests among bad ones of every kind: none harms another, none is silent."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from unified_test_runner.model import Outcome

SOURCE = Path(__file__).parents[1] / "projects" / "pathological"
COMMAND = (sys.executable, "-m", "unified_test_runner", "--workers", "4")
WITHIN_S = 150


def load_expected() -> Any:
    spec = importlib.util.spec_from_file_location("pathological_expected", SOURCE / "expected.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


expected = load_expected()


class Run:
    """One run of a copy of the project, under way until `wait`."""

    def __init__(self, folder: Path, environ: dict[str, str], *arguments: str) -> None:
        self.folder = folder
        shutil.copytree(SOURCE, folder / "project", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "temporary").mkdir()
        outputs = ["--json", str(folder / "report.json"), "--events", str(folder / "events.jsonl")]
        self.process = subprocess.Popen(
            [*COMMAND, *outputs, *arguments],
            cwd=folder / "project",
            env={**environ, "COLUMNS": "400", "TMPDIR": str(folder / "temporary")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def wait(self) -> Run:
        try:
            stdout, _ = self.process.communicate(timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        self.console = stdout.decode("utf-8", "replace")
        self.exit_code = self.process.returncode
        self.report = json.loads((self.folder / "report.json").read_text())
        lines = (self.folder / "events.jsonl").read_text().splitlines()
        self.events = [json.loads(line) for line in lines]
        self.id = self.events[0]["run_id"]
        return self

    def survivors(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("UTR_RUN_ID") == self.id:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Two runs at once: most of each is waiting for what hangs at the end of a process."""
    environ = plain_environ(tmp_path_factory.mktemp("state"))
    under_way = [
        Run(tmp_path_factory.mktemp("run"), environ, "--start", start)
        for start in ("fork", "spawn")
    ]
    return [run.wait() for run in under_way]


def plain_environ(state: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(state),
        "PYTHONPATH": str(SOURCE.parents[2]),
        "UTR_STATE_DIR": str(state),
        "LANG": "C.UTF-8",
    }


@pytest.fixture(params=[0, 1], ids=["forked", "spawned"])
def run(request: pytest.FixtureRequest, runs: list[Run]) -> Run:
    return runs[request.param]


def test_there_are_kinds_enough() -> None:
    assert len({bad.kind for bad in expected.BAD}) >= 45
    assert len({bad.nodeid for bad in expected.BAD}) == len(expected.BAD)


def test_every_test_has_its_outcome_and_every_bad_one_its_cause(run: Run) -> None:
    assert expected.differences(run.report) == []
    assert run.exit_code == 1
    good = [test for test in run.report["tests"] if "_good.py::" in test["nodeid"]]
    assert len(good) == expected.GOOD


def test_the_console_names_every_bad_test_and_its_cause(run: Run) -> None:
    silent = [
        bad.nodeid
        for bad in expected.BAD
        if Outcome(bad.outcome).is_bad
        and (bad.nodeid[:300] not in run.console or bad.word not in run.console)
    ]
    assert silent == []


def test_the_totals_add_up(run: Run) -> None:
    counts = Counter(test["outcome"] for test in run.report["tests"])
    finished = [e for e in run.events if e["kind"] == "test_finished" and e.get("attempt", 1) == 1]
    assert len(finished) == len(run.report["tests"])
    assert run.events[-1]["kind"] == "run_finished"
    assert sum(counts.values()) == len(finished)
    assert "never finished" not in run.console


def test_every_test_that_began_has_one_end(run: Run) -> None:
    def keys(kind: str) -> Counter[tuple[str, int]]:
        return Counter(
            (event["nodeid"], event.get("occurrence", 0))
            for event in run.events
            if event["kind"] == kind
            and event.get("entry", "test") == "test"
            and event.get("attempt", 1) == 1  # not where a file ran again in order
        )

    begun, ended = keys("test_started"), keys("test_finished")
    assert set(ended.values()) == {1}
    assert set(begun.values()) == {1}
    assert begun.keys() <= ended.keys()


def test_a_process_that_was_damaged_is_named(run: Run) -> None:
    said = {e["nodeid"]: e["message"] for e in run.events if e["kind"] == "warning_recorded"}
    for kind, words in (
        ("recursion_limit", "recursion limit at 50"),
        ("few_descriptors", "RLIMIT_NOFILE at 10"),
        ("no_file_size", "RLIMIT_FSIZE at 0"),
        ("remove_pytest", "the module _pytest removed"),
        ("closed_streams", "captured output"),
        ("logging_closed", "logging.getLogger"),
    ):
        assert words in said[f"tests/test_{kind}.py::test_bad"]


def test_nothing_survives(run: Run) -> None:
    left = [process for process in run.survivors() if process.status() != psutil.STATUS_ZOMBIE]
    assert left == []
    assert list((run.folder / "temporary").glob("utr-*")) == []
    places = [path for path in Path("/tmp").glob("utr-*") if run.id in path.name]
    assert places == []


def test_two_runs_have_the_same_outcomes(runs: list[Run]) -> None:
    first, second = (expected.outcomes(run.report) for run in runs)
    assert first == second


@pytest.mark.skipif(not Outcome.__members__.get("TIMED_OUT"), reason="there are no time limits")
def test_what_hangs_is_ended_and_named(tmp_path: Path) -> None:
    environ = plain_environ(tmp_path)
    run = Run(tmp_path, environ, "--timeout", "4s", "hanging").wait()
    assert expected.differences(run.report, expected.HANGING) == []
    assert run.exit_code == 1
    assert run.survivors() == []
