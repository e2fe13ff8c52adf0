"""The suites pass under plain pytest, as in an editor, against servers named in the environment."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
REPOSITORY = Path(__file__).parents[2]
#: Stands for the reader's own machine: its test is the reader, its slot the reader's servers.
READER = """
    import os, subprocess, sys
    def test_reader():
        own = {{**os.environ, "PYTHONPATH": {repository!r}}}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *{arguments!r}],
            cwd={repository!r}, env=own)
        assert done.returncode == 0
    """
CATALOGUE = """
    version: 1
    services: {postgres: {embedded: postgresql}, redis: {embedded: redis}}
    suites: {reader: {paths: [tests], services: [postgres, redis]}}
    """


def documented(suite: str) -> str:
    """The first single test that a suite's documentation shows."""
    text = (REPOSITORY / "suites" / suite / "__init__.py").read_text(encoding="utf-8")
    found = re.search(rf"pytest (suites/{suite}/\S+::\S+)", text)
    assert found, f"the documentation of {suite} shows no single test"
    return found.group(1)


@pytest.mark.parametrize(
    "argument",
    [
        "suites/user_isolation",
        "suites/database_management",
        documented("user_isolation"),
        documented("database_management"),
    ],
)
def test_suites_pass_under_plain_pytest(project: Make, argument: str) -> None:
    reader = READER.format(repository=str(REPOSITORY), arguments=[argument])
    made = project({"config/catalogue.yaml": CATALOGUE, "tests/test_reader.py": reader})
    result = made.run("--real-services", "-n", "1")
    assert result.counts == {"passed": 1}, result


def test_r6_without_addresses_the_suites_fail_and_say_what_is_missing(
    clean_environ: dict[str, str],
) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "suites"],
        cwd=REPOSITORY,
        env=clean_environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "DATABASE_URL" in done.stdout
    assert "REDIS_URL" in done.stdout
    assert "--real-services" in done.stdout
    assert "skipped" not in done.stdout.splitlines()[-1]
