"""Outcomes with well-known plugins of pytest, compared with plain pytest's, test by test.

    python tests/parity/plugins.py [NAME...] [--cache FOLDER] [--newest]

Each plugin gets a virtual environment of its own in the cache folder and a small project from
`plugin_projects`. Exit status 1 when anything is not as under plain pytest.
"""

from __future__ import annotations

import argparse
import glob
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import Plain
from plugin_projects import CASES, Case
from runs import Run, Suite, run_ours

DEFAULT_CACHE = Path.home() / ".cache" / "unified-test-runner-parity"
_SHOWN = 6


def interpreter(case: Case, cache: Path) -> str:
    """Return the Python of the case's environment, made where it is not there."""
    name = "-".join(each.translate({ord(c): "_" for c in "<>=!~"}) for each in case.needs)
    folder = cache / "plugins" / (name or "pytest")
    python = str(folder / "bin" / "python")
    if not (folder / "ready").exists():
        _call(sys.executable, "-m", "venv", str(folder))
        quiet = ("--quiet", "--disable-pip-version-check")
        needs = case.needs if any(n.startswith("pytest<") for n in case.needs) else ("pytest",)
        _call(python, "-m", "pip", *quiet, "install", *dict.fromkeys((*needs, *case.needs)))
        (folder / "ready").touch()
    return python


def _call(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def examine(case: Case, python: str) -> list[str]:
    """Run a case under plain pytest and with each number of workers; returns what differs."""
    found: list[str] = []
    plain = Plain(_suite(case, python))
    for workers in case.workers:
        suite = _suite(case, python)  # a fresh copy: no cache or database of another run
        ours = run_ours(suite, workers)
        found += [f"-n {workers}: {each}" for each in plain.compare(ours) if not each.proof]
        wrong = [*_missing(case, suite, ours), *_changed(case, plain.suite, suite)]
        found += [f"-n {workers}: {each}" for each in wrong]
    if not plain.first.outcomes:
        found.append(f"plain pytest recorded nothing: {plain.first.output[-300:]}")
    return found


def _suite(case: Case, python: str) -> Suite:
    folder = Path(tempfile.mkdtemp(prefix="plugin-"))
    (folder / "pyproject.toml").touch()
    for name, text in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Suite(folder, (), case.arguments, python, {"PYTHONDONTWRITEBYTECODE": "1"})


def _missing(case: Case, suite: Suite, ours: Run) -> list[str]:
    missing = [f"output lacks {text!r}" for text in case.must_show if text not in ours.output]
    missing += [
        f"{path} was not written"
        for path in case.must_exist
        if not glob.glob(os.path.join(suite.folder, path))  # noqa: PTH118, PTH207
    ]
    if "Traceback (most recent call last)" in ours.output and "internal error" in ours.output:
        missing.append("internal error")
    return missing


def _changed(case: Case, plain: Suite, ours: Suite) -> list[str]:
    """Name the files that do not hold what they hold after plain pytest's run."""
    if not case.same_files:
        return []
    left, right = (
        {p.relative_to(suite.folder): p.read_bytes() for p in suite.folder.glob(case.same_files)}
        for suite in (plain, ours)
    )
    names = sorted(left.keys() | right.keys())
    return [f"{name} differs" for name in names if left.get(name) != right.get(name)]


def main() -> int:
    """Examine the plugins that the command line names, else all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    given = parser.parse_args()
    worst = 0
    for case in CASES:
        if given.names and not any(case.name.startswith(name) for name in given.names):
            continue
        found = examine(case, interpreter(case, given.cache))
        worst |= bool(found) and not case.known
        word = "as plain pytest" if not found else f"{len(found)} differences"
        print(f"{case.name:32} {word}{f' (known: {case.known})' if case.known else ''}")
        for line in found[:_SHOWN]:
            print(f"    {line}")
        sys.stdout.flush()
    return worst


if __name__ == "__main__":
    sys.exit(main())
