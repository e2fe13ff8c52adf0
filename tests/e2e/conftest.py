"""End-to-end fixtures: a project on disk, and the command line run in it as a subprocess."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPOSITORY = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "unified_test_runner")
#: Variables that would make a run depend on who started it.
_PRIVATE = ("UTR_", "PYTEST_", "PG", "DATABASE_URL", "REDIS_URL", "COV_", "COVERAGE_")


@dataclass(frozen=True)
class Result:
    """What one command came to; prints itself when an assertion on it fails."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    json_path: Path
    log: Path

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.json_path.read_text())

    @property
    def outcomes(self) -> dict[str, str]:
        """Node id → outcome."""
        return {test["nodeid"]: test["outcome"] for test in self.json["tests"]}

    @property
    def counts(self) -> Counter[str]:
        return Counter(test["outcome"] for test in self.json["tests"])

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]

    def __repr__(self) -> str:
        return (
            f"$ unified-test-runner {' '.join(self.argv)}\n{self.stdout}\n"
            f"stderr: {self.stderr}\nexit {self.exit_code}"
        )


class Project:
    """A project in a temporary folder."""

    def __init__(self, root: Path, environ: Mapping[str, str], python: str = "") -> None:
        self.root = root
        self.environ = dict(environ)
        self.python = python
        self._runs = 0

    def write(self, files: Mapping[str, str]) -> Project:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return self

    def command(self, *argv: str) -> tuple[list[str], Path, Path]:
        self._runs += 1
        reports = self.root.parent / f"reports-{self.root.name}-{self._runs}"
        reports.mkdir()
        out, log = reports / "report.json", reports / "events.jsonl"
        options = ["--json", str(out), "--events", str(log)]
        if self.python:
            options += ["--python", self.python]
        return [*COMMAND, *options, *argv], out, log

    def run(self, *argv: str, cwd: str = ".", timeout_s: float = 120, **env: str) -> Result:
        """Run tests; the JSON report and the event log are kept for the assertions."""
        command, out, log = self.command(*argv)
        return self._finish(command, argv, self.root / cwd, timeout_s, env, out, log)

    def call(self, *argv: str, cwd: str = ".", **env: str) -> Result:
        """Run any command line as it is."""
        nowhere = self.root / "nowhere"
        return self._finish([*COMMAND, *argv], argv, self.root / cwd, 60, env, nowhere, nowhere)

    def start(self, *argv: str, **env: str) -> tuple[subprocess.Popen[str], Path]:
        """Start tests and do not wait; returns the process and its event log's folder."""
        command, _, _ = self.command(*argv)
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env={**self.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        return process, self.root / ".unified-test-runner" / "runs"

    def pytest(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run plain pytest on the same project."""
        return subprocess.run(
            [self.python or sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *argv],
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _finish(  # noqa: PLR0913, PLR0917
        self,
        command: list[str],
        argv: tuple[str, ...],
        cwd: Path,
        timeout_s: float,
        env: Mapping[str, str],
        out: Path,
        log: Path,
    ) -> Result:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**self.environ, **env},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Result(argv, done.returncode, done.stdout, done.stderr, out, log)


@pytest.fixture
def clean_environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has set nothing, with a state directory of the test's own."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    environ["PYTHONPATH"] = str(REPOSITORY)
    environ["UTR_STATE_DIR"] = str(tmp_path / "state")
    return environ


@pytest.fixture
def project(
    tmp_path: Path, clean_environ: dict[str, str], pytestconfig: pytest.Config
) -> Callable[[Mapping[str, str]], Project]:
    """Return a maker of projects: `project({"tests/test_a.py": "..."}).run("-n", "2")`."""

    def make(files: Mapping[str, str], name: str = "project") -> Project:
        root = tmp_path / name
        root.mkdir()
        made = Project(root, clean_environ, pytestconfig.getoption("--project-python"))
        if "pyproject.toml" not in files:
            made.write({"pyproject.toml": ""})
        return made.write(files)

    return make
