"""R37: every command in the documentation is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "suites/README.md")
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: The CI script runs `make run` and `make test`; the others are theirs in another spelling,
#: install something, or need the reader's own servers (see `test_plain_pytest.py`).
ELSEWHERE = (
    "make ",
    "pip install",
    "unified-test-runner --category integration --real-services",
    "export ",
    "pytest ",
)


def commands() -> list[str]:
    found: dict[str, None] = {}
    for name in DOCUMENTS:
        for block in _BLOCK.findall((REPOSITORY / name).read_text(encoding="utf-8")):
            for line in block.splitlines():
                if line.startswith("$ "):
                    found[line.removeprefix("$ ")] = None
    return list(found)


def run(command: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    binaries = Path(sys.executable).parent
    return subprocess.run(
        ["bash", "-c", command],
        cwd=REPOSITORY,
        env={**environ, "PATH": f"{binaries}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_the_documents_have_commands() -> None:
    assert len(commands()) > 8


@pytest.mark.skipif(
    not (Path(sys.executable).parent / "unified-test-runner").exists(),
    reason="the console script is not installed beside this interpreter",
)
@pytest.mark.parametrize(
    "command",
    [
        each
        for each in commands()
        if not each.startswith(ELSEWHERE) and each != "unified-test-runner"
    ],
)
def test_r37_the_command_works_as_written(command: str, clean_environ: dict[str, str]) -> None:
    done = run(command, clean_environ)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_option_is_documented_by_help_and_every_exit_code_by_the_readme() -> None:
    from unified_test_runner.exitcodes import ExitCode

    table = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for code in ExitCode:
        assert f"| {code.value} |" in table
