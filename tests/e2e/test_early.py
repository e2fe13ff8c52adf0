"""The template that is started before there is a plan, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path

Make = Callable[..., Any]

TEST = {"tests/test_a.py": "def test_a(): pass\n"}
#: Tells of each interpreter that starts as a template, by its process id and variables.
WITNESS = """
import os, sys
if "template" in getattr(sys, "orig_argv", sys.argv):
    with open(os.environ["WITNESS"], "a") as file:
        file.write(f"{os.getpid()} {os.environ.get('MODE', '')} {os.environ.get('PGHOST', '')}\\n")
"""


@pytest.fixture
def made(project: Make) -> Any:
    made = project({**TEST, "site/sitecustomize.py": WITNESS})
    path = f"{made.root / 'site'}:{made.environ['PYTHONPATH']}"
    made.environ |= {"PYTHONPATH": path, "WITNESS": str(made.root / "templates")}
    return made


def templates(made: Any) -> list[list[str]]:
    path: Path = made.root / "templates"
    lines = path.read_text().splitlines() if path.exists() else []
    alive = [line for line in lines if psutil.pid_exists(int(line.split()[0]))]
    assert alive == [], "none outlives its run"
    return [line.split()[1:] for line in lines]


def test_one_template_serves_an_ordinary_run(made: Any) -> None:
    assert made.run().exit_code == 0
    assert templates(made) == [[]]


def test_a_plan_that_wants_another_environment_gets_it(made: Any) -> None:
    suite = "suites: {one: {paths: [tests], env: {MODE: special}}}\n"
    made.write({"config/catalogue.yaml": f"version: 1\n{suite}"})
    made.write({"tests/test_a.py": "import os\ndef test_a(): assert os.environ['MODE']\n"})
    result = made.run()
    assert result.exit_code == 0, result
    assert result.json["notices"] == [], "the one in vain is nobody's stray"
    assert ["special"] in templates(made)


def test_variables_of_the_shell_that_no_worker_may_inherit_reach_no_template_in_use(
    made: Any,
) -> None:
    services = "services: {postgres: {embedded: postgresql}}\nsuites: {one: {paths: [tests]}}\n"
    made.write({"config/catalogue.yaml": f"version: 1\n{services}"})
    made.write({"tests/test_a.py": "import os\ndef test_a(): assert 'PGHOST' not in os.environ\n"})
    assert made.run(PGHOST="production").exit_code == 0
    assert [] in templates(made)


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [(["tests/test_b.py"], 4), (["--suite", "nothing"], 4), (["--python", "nowhere"], 4),
     (["tests/test_a.py", "-k", "("], 4)],
)  # fmt: skip
def test_a_run_that_comes_to_no_plan_leaves_no_template(
    made: Any, arguments: list[str], exit_code: int
) -> None:
    result = made.run(*arguments)
    assert result.exit_code == exit_code, result
    assert "internal" not in result.stderr
    assert len(templates(made)) <= 1


def test_what_a_template_prints_is_kept(made: Any) -> None:
    (made.root / "site" / "sitecustomize.py").write_text("print('good morning')\n")
    result = made.run()
    assert result.exit_code == 0, result
    (log,) = made.root.glob(".unified-test-runner/runs/*/workers/template-0.log")
    assert log.read_text() == "good morning\n"


def test_an_interpreter_that_cannot_import_pytest_says_why(made: Any) -> None:
    made.write({"site/pytest.py": "raise ImportError('bad luck')\n"})
    result = made.run()
    assert result.exit_code == 4, result
    assert "cannot run pytest: ImportError: bad luck" in result.stdout
