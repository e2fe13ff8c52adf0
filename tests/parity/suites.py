"""The parity table over public suites, each pinned and fetched from the package index.

    python tests/parity/suites.py [NAME...] [--cache FOLDER] [--again] [-n 2 -n 8]
                                  [--markdown FILE]

Each suite comes as the source distribution of its project and gets a virtual environment of
its own in the cache folder. Rows are kept there too: a second call runs what is missing, and
with `--again` everything named. Exit status 1 when a difference is left unexplained.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path

from harness import STOPPING, Row, rows, table
from outcomes import Difference
from runs import Suite

PYTEST = "pytest==8.4.2"
#: Exceptions that the kept table lists.
_LISTED = 60
DEFAULT_CACHE = Path.home() / ".cache" / "unified-test-runner-parity"


@dataclass(frozen=True)
class Public:
    """A published project whose source distribution holds its tests."""

    pin: str
    paths: tuple[str, ...] = ("tests",)
    needs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    #: What is special about it.
    why: str = ""

    @property
    def name(self) -> str:
        return self.pin.partition("==")[0]


_RACE = "tests/test_from_thread.py::TestBlockingPortal::test_raise_baseexception_from_task"

SUITES = (
    Public("markupsafe==3.0.2"),
    Public("itsdangerous==2.2.0", needs=("freezegun",), why="test classes that inherit tests"),
    Public("jinja2==3.1.6", needs=("trio",), variants=("-kasync",)),
    Public("click==8.1.8", why="pager tests hang on the order of files"),
    Public("pluggy==1.6.0", ("testing",), why="pluggy under the pluggy that runs it"),
    Public("more-itertools==10.7.0", why="unittest"),
    Public("cachetools==5.5.2", why="unittest, inherited cases"),
    Public("sqlparse==0.5.3"),
    Public("h11==0.16.0", ("h11",), why="tests inside of the package, threads, sockets"),
    Public(
        "attrs==25.3.0",
        needs=("hypothesis", "cloudpickle", "pympler"),
        why="hypothesis, doctests by a collector of a plugin",
    ),
    Public("marshmallow==4.0.0", needs=("simplejson",), variants=("-knested",)),
    Public("boltons==25.0.0", why="doctests in a package"),
    Public(
        "arrow==1.3.0",
        needs=("pytz", "simplejson", "pytest-mock", "dateparser"),
        arguments=("-o", "addopts="),
        why="fixtures of class scope by usefixtures",
    ),
    Public(
        "python-dateutil==2.9.0.post0",
        needs=("freezegun", "hypothesis"),
        arguments=("-o", "filterwarnings="),
        why="unittest, subprocesses, doctests",
    ),
    Public("babel==2.17.0", needs=("freezegun", "pytz", "tzdata"), why="doctests, subclassed ini"),
    Public(
        "structlog==25.3.0",
        needs=("pytest-asyncio", "pretend", "freezegun", "twisted"),
        why="asyncio, warnings as errors",
    ),
    Public(
        "anyio==4.9.0",
        needs=("trio", "hypothesis", "psutil", "pytest-mock", "trustme", "blockbuster"),
        # That test waits for a loop that may have ended: a race, whoever runs it.
        arguments=("-m", "not network", "--deselect", _RACE),
        why="asynchronous fixtures of every scope on two back ends, subprocesses, sockets",
    ),
    Public(
        "werkzeug==3.1.3",
        needs=("pytest-timeout", "ephemeral-port-reserve", "watchdog", "cryptography"),
        arguments=("-k", "not reloader"),  # waits for ever under plain pytest, on some machines
        why="servers in subprocesses",
    ),
    Public("pytest-mock==3.14.0", needs=("pytest-asyncio",), why="pytester, in subprocesses too"),
    Public("pytest-asyncio==1.0.0", needs=("hypothesis",), why="pytester, documentation as tests"),
    Public("pyparsing==3.2.3", needs=("railroad-diagrams", "jinja2"), why="unittest, subtests"),
    Public("pygments==2.19.1", needs=("lxml", "wcag-contrast-ratio"), why="collectors of its own"),
    Public("networkx==3.4.2", ("networkx",), needs=("numpy",), why="many files, doctests"),
    Public("packaging==25.0", needs=("pretend",), why="tens of thousands of parameters"),
)


def prepared(public: Public, cache: Path) -> Suite:
    """Fetch, unpack and install a suite, where that is not done."""
    folder = cache / "suites" / public.name
    python = folder / "venv" / "bin" / "python"
    sources = folder / "src"
    if not (folder / "ready").exists():
        sources.mkdir(parents=True, exist_ok=True)
        _unpack(_fetched(public, cache / "sdists"), sources)
        _call(sys.executable, "-m", "venv", str(folder / "venv"))
        root = str(next(sources.iterdir()))
        _call(str(python), "-m", "pip", *_QUIET, "install", PYTEST, *public.needs, root)
        (folder / "ready").touch()
    return Suite(next(sources.iterdir()), public.paths, public.arguments, str(python))


_QUIET = ("--quiet", "--disable-pip-version-check")


def _fetched(public: Public, folder: Path) -> Path:
    """Download the source distribution once; wheels are fine for what builds it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (found := _sdist(public, folder)):
        options = ("--no-deps", "--no-binary", public.name, "-d", str(folder))
        _call(sys.executable, "-m", "pip", *_QUIET, "download", *options, public.pin)
        found = _sdist(public, folder)
    return found[0]


def _sdist(public: Public, folder: Path) -> list[Path]:
    version = public.pin.partition("==")[2]
    names = {f"{public.name}-{version}.tar.gz", f"{public.name.replace('-', '_')}-{version}.tar.gz"}
    return [path for path in folder.iterdir() if path.name in names]


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")


def kept_rows(path: Path) -> list[Row]:
    """Return the rows of an earlier call."""
    if not path.exists():
        return []
    return [_row(plain) for plain in json.loads(path.read_text())]


def _row(plain: dict) -> Row:
    differences = tuple(
        Difference(
            (each["name"][0], each["name"][1]),
            tuple(each["plain"]),
            tuple(each["ours"]),
            each["proof"],
        )
        for each in plain["differences"]
    )
    return Row(**{**plain, "differences": differences})


def run_public(public: Public, cache: Path, workers: tuple[int, ...], *, again: bool) -> list[Row]:
    """Return the rows of a suite, from the cache where they are there."""
    path = cache / "rows" / f"{public.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if (kept := kept_rows(path)) and not again:
        return kept
    suite = prepared(public, cache)
    found = rows(public.name, suite, workers, (*public.variants, STOPPING), is_spawned=True)
    path.write_text(json.dumps([asdict(row) for row in found], indent=1))
    return found


def markdown(found: list[Row]) -> str:
    """Return the table that is kept beside this file, with every exception and its proof."""
    pins = {public.name: public for public in SUITES}
    by_suite: dict[str, list[Row]] = {}
    for row in found:
        by_suite.setdefault(row.suite, []).append(row)
    tests = {name: max(row.tests for row in its) for name, its in by_suite.items()}
    unexplained = sum(len(row.unexplained) for row in found)
    said = (
        f"{len(by_suite)} suites, {sum(tests.values())} tests, each under plain pytest"
        f" ({PYTEST.partition('==')[2]}) and under ours in {len(found)} runs; outcomes are compared"
        f" test by test and phase by phase. Differences without an explanation: {unexplained}."
    )
    lines = [
        "# Outcomes on public suites",
        "",
        said,
        "",
        "| suite | tests | modes of ours | explained | unexplained | special |",
        "|---|---:|---|---:|---:|---|",
    ]
    for name, its in by_suite.items():
        modes = ", ".join(row.mode.removeprefix("ours ") for row in its)
        counts = f"{sum(len(r.explained) for r in its)} | {sum(len(r.unexplained) for r in its)}"
        lines.append(
            f"| {pins[name].pin} | {tests[name]} | {modes} | {counts} | {pins[name].why} |"
        )
    lines += ["", "## Exceptions", ""]
    lines += _exceptions(found)
    return "\n".join(lines) + "\n"


def _exceptions(found: list[Row]) -> list[str]:
    """Return a line for each test that differs in the same way, with the modes that show it."""
    modes: dict[str, list[str]] = {}
    for row in found:
        for each in row.differences:
            told = f"`{row.suite}` {each}: {each.proof or 'no explanation'}".replace("|", "\\|")
            modes.setdefault(told, []).append(row.mode.removeprefix("ours "))
    lines = [f"- {told} ({', '.join(names)})" for told, names in modes.items()]
    left = len(lines) - _LISTED
    return lines if left <= 0 else [*lines[:_LISTED], f"- and {left} more"]


def main() -> int:
    """Run what is asked for and print the table as far as it got."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("-n", dest="workers", type=int, action="append")
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    chosen = [each for each in SUITES if not given.names or each.name in given.names]
    workers = tuple(given.workers or (2, 8))
    found: list[Row] = []
    for public in chosen:
        try:
            new = run_public(public, given.cache, workers, again=given.again)
        except RuntimeError as error:
            print(f"{public.name} cannot be had: {error}", file=sys.stderr)
            continue
        print(table(new), flush=True)
        found += new
    if given.markdown:
        given.markdown.write_text(markdown(found), "utf-8")
    tests = {row.suite: max(r.tests for r in found if r.suite == row.suite) for row in found}
    print(f"\n{len(tests)} suites, {sum(tests.values())} tests\n{table(found)}")
    return int(any(row.unexplained or row.note for row in found))


if __name__ == "__main__":
    sys.exit(main())
