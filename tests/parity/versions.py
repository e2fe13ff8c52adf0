"""Outcomes on every supported Python and pytest, compared with plain pytest's, test by test.

    python tests/parity/versions.py [--cache FOLDER] [--python 3.12]... [--pytest 8.0]... [--e2e]

Wants `pythonX.Y` on the PATH, or `--interpreters` with a folder as pyenv has it. Each pair gets
a virtual environment with pytest alone; the runner itself stays on the Python of this script.
With `--e2e` the end-to-end tests of outcomes and faults run on each pair as well.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from harness import Row, rows, table
from projects import SAME
from runs import REPOSITORY, Suite

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PYTESTS = ("8.0", "8.1", "8.2", "8.3", "8.4", "9.0", "9.1", "9.2")
PROJECTS = ("unittest", "fixtures", "hooks", "strict", "doctests")
E2E = ("tests/e2e/test_outcomes.py", "tests/e2e/test_faults.py")
#: A setting of a plugin that is not in these environments.
_ASYNCIO = "asyncio_default_fixture_loop_scope = function\n"
DEFAULT_CACHE = Path.home() / ".cache" / "unified-test-runner-parity"


def environment(python: str, pytest: str, given: argparse.Namespace) -> str | None:
    """Return the interpreter of a pair's environment; None where that Python is not at hand."""
    folder = given.cache / "versions" / f"py{python}-pytest{pytest}"
    own = folder / "bin" / "python"
    if (folder / "ready").exists():
        return str(own)
    base = _base(python, given.interpreters)
    if base is None:
        return None
    subprocess.run([base, "-m", "venv", folder], check=True)
    quiet = ("--quiet", "--disable-pip-version-check")
    command = [own, "-m", "pip", *quiet, "install", f"pytest=={pytest}.*"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (folder / "ready").touch()
    return str(own)


def _base(python: str, interpreters: Path | None) -> str | None:
    if interpreters is not None:
        found = sorted(interpreters.glob(f"{python}.*/bin/python"))
        return str(found[-1]) if found else None
    return shutil.which(f"python{python}")


def compared(label: str, python: str) -> list[Row]:
    """Compare the sample projects on one interpreter."""
    found = []
    for name in PROJECTS:
        files, paths, arguments = SAME[name]
        with tempfile.TemporaryDirectory(prefix="versions-") as folder:
            for path, text in {"pyproject.toml": "", **files}.items():
                (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / path).write_text(textwrap.dedent(text).replace(_ASYNCIO, ""))
            suite = Suite(Path(folder), paths, arguments, python)
            found += rows(f"{label} {name}", suite, (2,))
    return found


def end_to_end(python: str) -> str:
    """Run the end-to-end tests on one interpreter; returns pytest's last line."""
    command = [sys.executable, "-m", "pytest", *E2E, "-q", "-p", "no:cacheprovider"]
    command += ["--project-python", python]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr[-200:]


def main() -> int:
    """Compare every pair that the command line leaves."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--interpreters", type=Path)
    parser.add_argument("--python", action="append")
    parser.add_argument("--pytest", action="append")
    parser.add_argument("--e2e", action="store_true")
    given = parser.parse_args()
    worst = 0
    for python, pytest in itertools.product(given.python or PYTHONS, given.pytest or PYTESTS):
        label = f"Python {python}, pytest {pytest}"
        own = environment(python, pytest, given)
        if own is None:
            print(f"{label}: no python{python} here")
            continue
        found = compared(label, own)
        bad = [row for row in found if row.unexplained or row.note]
        tests = sum(row.tests for row in found)
        said = f"{tests} tests, {'as plain pytest' if not bad else 'differs'}"
        if given.e2e:
            said += f"; end to end: {end_to_end(own)}"
        print(f"{label}: {said}")
        if bad:
            print(textwrap.indent(table(bad), "    "))
        sys.stdout.flush()
        worst |= bool(bad)
    return worst


if __name__ == "__main__":
    sys.exit(main())
