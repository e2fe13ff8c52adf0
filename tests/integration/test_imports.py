"""Every module imports alone and without a warning; what is quick loads nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "unified_test_runner"
HEAVY = {"pydantic", "yaml", "docker", "rich", "pytest", "_pytest", "psutil", "redis", "pg8000"}
#: All of our own that stands between the shell and a command's own imports.
COMMAND_LINE = {
    "unified_test_runner",
    "unified_test_runner.cli",
    "unified_test_runner.errors",
    "unified_test_runner.exitcodes",
}
#: Loaded as top-level `utr_child` by programs of their own; the parent loads `wire` alone.
CHILD = SOURCE / "worker" / "child"

pytestmark = pytest.mark.integration


def module_of(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python(*arguments: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    environ.pop("UTR_CATALOGUE", None)
    environ.pop("VIRTUAL_ENV", None)
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd, env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


#: Imports each module in a fork of an interpreter that has loaded none of ours: as good as
#: an interpreter each, in a fraction of the time.
EACH_ALONE = """
import importlib, os, sys, traceback
for name in sys.argv[1:]:
    pid = os.fork()
    if not pid:
        try:
            importlib.import_module(name)
        except BaseException:
            print(name, file=sys.stderr)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.waitpid(pid, 0)
"""


def test_every_module_imports_alone_without_a_warning():
    names = sorted(map(module_of, SOURCE.rglob("*.py")))
    assert len(names) > 80
    shares = [names[0::2], names[1::2]]
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda share: python("-c", EACH_ALONE, *share), shares):
            assert done.stderr == ""


def test_the_child_side_imports_under_the_name_that_its_programs_use():
    names = [f"utr_child.{path.stem}" for path in (CHILD / "utr_child").glob("[a-z]*.py")]
    code = f"import sys; sys.path.insert(0, {str(CHILD)!r}); {EACH_ALONE}"
    assert "utr_child.session" in names
    assert python("-c", code, *names).stderr == ""


def loaded_by(code: str, cwd: Path = REPOSITORY) -> set[str]:
    """Modules loaded once `code` has run; what it prints is dropped."""
    told = "import sys; print(*sys.modules, file=sys.stderr)"
    done = python("-c", f"{code}\n{told}", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "unified_test_runner"}


def test_the_command_line_loads_next_to_nothing_of_ours():
    loaded = loaded_by("import unified_test_runner.cli")
    assert ours(loaded) == COMMAND_LINE
    assert HEAVY.isdisjoint(loaded)


@pytest.mark.parametrize("command", ["", "list", "plan", "replay", "bisect"])
def test_help_loads_nothing_heavy(command):
    argv = [*filter(None, [command]), "--help"]
    loaded = loaded_by(f"from unified_test_runner.cli import main; assert main({argv}) == 0")
    assert HEAVY.isdisjoint(loaded)
    assert ours(loaded) <= {
        *COMMAND_LINE,
        "unified_test_runner.cli.options",
        f"unified_test_runner.cli.{command or 'run'}",
    }


@pytest.mark.parametrize("command", ["list", "plan"])
def test_r18_looking_at_a_project_without_a_catalogue_loads_nothing_heavy(command, tmp_path):
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "conftest.py").write_text("raise SystemExit('a conftest was imported')")
    (tmp_path / "test_a.py").write_text("raise SystemExit('a test module was imported')")
    code = f"from unified_test_runner.cli import main; assert main([{command!r}]) == 0"
    loaded = loaded_by(code, cwd=tmp_path)
    assert HEAVY.isdisjoint(loaded)
    assert "unified_test_runner.execution" not in loaded


def test_list_with_a_catalogue_loads_the_validator_the_first_time_only(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "catalogue.yaml").write_text(
        "version: 1\nsuites: {all: {paths: [tests]}}"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").touch()
    code = "from unified_test_runner.cli import main; assert main(['list']) == 0"
    assert {"pydantic", "yaml"} <= loaded_by(code, cwd=tmp_path)
    assert HEAVY.isdisjoint(loaded_by(code, cwd=tmp_path))


def test_the_wire_format_costs_the_child_nothing_of_pytest():
    loaded = loaded_by("import unified_test_runner.worker.child.utr_child.wire")
    assert HEAVY.isdisjoint(loaded)
    parent = loaded_by("import unified_test_runner.worker.template")
    assert {"pytest", "_pytest"}.isdisjoint(parent)
