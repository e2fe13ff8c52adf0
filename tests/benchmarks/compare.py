"""Ours beside plain pytest and pytest-xdist: interleaved runs, wall and processor time.

    python tests/benchmarks/compare.py [WORKLOAD...] [--public NAME...] [--runs N] [-n N]
                                       [--cache FOLDER] [--markdown FILE]

Every mode runs once to warm the caches, then all modes in turn, so that whatever else the
machine does falls on all of them; medians are shown. Processor time is that of the whole
process tree: each process of it is waited for by its parent, up to the one measured here;
a suite that burns a known amount checks that before anything is measured.
`--public` takes suites of `tests/parity/suites.py`. `--markdown` adds a line for each to the
table in a file, with the machine named above it.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "parity"))

from runs import Measured, Suite, measured, pytest_of, run_plain, surroundings
from workloads import WORKLOADS, Workload, write

import suites

XDIST = ("pytest-xdist==3.8.0", "execnet==2.1.1")
SPREADS = ("load", "worksteal", "loadfile")
PLAIN, OURS = "plain pytest", "ours"


@dataclass(frozen=True)
class Case:
    """A suite, and how many workers it gets."""

    name: str
    suite: Suite
    workers: int
    tests: int
    is_plain_run: bool = True

    @property
    def modes(self) -> list[str]:
        plain = [PLAIN] if self.is_plain_run else []
        return [*plain, *(f"xdist {spread}" for spread in SPREADS), OURS]


def run(case: Case, mode: str, xdist: Path) -> Measured:
    """Run a suite once in one mode."""
    suite = case.suite
    with surroundings(suite) as environ:
        if mode == OURS:
            command = [sys.executable, "-m", "unified_test_runner", "-n", str(case.workers)]
            command += ["--python", suite.python, *suite.paths, "--", *suite.arguments]
        else:
            command = [*pytest_of(suite.python), *suite.arguments, *suite.paths]
        command += ["-p", "no:cacheprovider"]
        if mode.startswith("xdist"):
            environ["PYTHONPATH"] += f":{xdist}"
            command += ["-n", str(case.workers), "--dist", mode.partition(" ")[2]]
        return measured(command, suite.folder, environ)


def check_that_all_is_counted(folder: Path, xdist: Path) -> None:
    """Stop if processor time of some descendant escapes the measure."""
    body = "import time\n\ndef test_burns():\n    while time.process_time() < 1.5: pass\n"
    burning = Workload("burning", lambda: ((f"tests/test_{n}.py", body) for n in range(2)), 2)
    case = Case("burning", Suite(write(burning, folder), ("tests",)), 2, 2)
    for mode in ("xdist load", OURS):
        took = run(case, mode, xdist)
        if took.processor_s < 3.0 or took.exit_code:
            sys.exit(f"{mode}: of 3 s burnt, {took.processor_s:.2f} were counted\n{took.output}")


def installed_xdist(folder: Path) -> Path:
    """Put pytest-xdist into a folder of its own, so that only its modes see it."""
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*command, "--target", str(folder), *XDIST], check=True)
    return folder


@dataclass
class Taken:
    """What the runs of one mode took."""

    runs: list[Measured]

    @property
    def wall_s(self) -> float:
        return statistics.median(run.wall_s for run in self.runs)

    @property
    def processor_s(self) -> float:
        return statistics.median(run.processor_s for run in self.runs)


def measure(case: Case, runs: int, xdist: Path) -> dict[str, Taken]:
    """Run every mode in turn, after one warm-up each."""
    taken = {mode: Taken([]) for mode in case.modes}
    for turn in range(runs + 1):
        for mode, kept in taken.items():
            found = run(case, mode, xdist)
            if turn:
                kept.runs.append(found)
    return taken


HEADINGS = (
    "workload", "mode", "wall s", "cpu s", "wall:plain", "cpu:plain", "wall:xdist", "exit",
)  # fmt: skip


def lines(case: Case, taken: dict[str, Taken]) -> list[tuple[str, ...]]:
    """Return a line per mode; `wall:xdist` is against the fastest mode of xdist."""
    plain = taken.get(PLAIN)
    fastest = min(kept.wall_s for mode, kept in taken.items() if mode.startswith("xdist"))
    return [
        (
            f"{case.name} -n {case.workers}",
            mode,
            f"{kept.wall_s:.2f}",
            f"{kept.processor_s:.2f}",
            f"{kept.wall_s / plain.wall_s:.2f}" if plain else "-",
            f"{kept.processor_s / plain.processor_s:.2f}" if plain else "-",
            f"{kept.wall_s / fastest:.2f}",
            ",".join(sorted({str(run.exit_code) for run in kept.runs})),
        )
        for mode, kept in taken.items()
    ]


def show(rows: list[tuple[str, ...]]) -> None:
    """Print a part of the table at once: a whole one takes long."""
    widths = (18, 16, 8, 8, 11, 10, 11, 5)
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("".join(cells).rstrip(), flush=True)


def machine() -> str:
    """Return what was measured on, in a line."""
    cpus = len(os.sched_getaffinity(0))
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    python = sys.version.split()[0]
    return f"{cpus} processors ({model}), {platform.system()}, Python {python}"


COLUMNS = (
    "suite", "tests", "workers", "plain pytest s", "fastest pytest-xdist s", "ours s",
    "xdist ÷ ours", "processor time, ours ÷ plain",
)  # fmt: skip


def markdown(found: list[tuple[Case, dict[str, Taken]]], runs: int) -> str:
    """Return the table of the README, and the geometric mean of its speed-ups."""
    rows, speedups = [], []
    for case, taken in found:
        plain, ours = taken.get(PLAIN), taken[OURS]
        mode, fastest = min(
            ((mode, kept) for mode, kept in taken.items() if mode.startswith("xdist")),
            key=lambda pair: pair[1].wall_s,
        )
        speedups.append(fastest.wall_s / ours.wall_s)
        rows.append(
            (
                case.name,
                str(case.tests),
                str(case.workers),
                f"{plain.wall_s:.2f}" if plain else "-",
                f"{fastest.wall_s:.2f} ({mode.removeprefix('xdist ')})",
                f"{ours.wall_s:.2f}",
                f"{speedups[-1]:.2f}",
                f"{ours.processor_s / plain.processor_s:.2f}" if plain else "-",
            )
        )
    lines = [COLUMNS, ("---", *["---:"] * (len(COLUMNS) - 1)), *rows]
    shown = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    mean = statistics.geometric_mean(speedups)
    return (
        f"Medians of {runs} interleaved runs on {machine()}.\n\n{shown}\n\n"
        f"Geometric mean of the speed-ups over the fastest mode of pytest-xdist: {mean:.2f}.\n"
    )


def cases(names: list[str], public: list[str], workers: int | None, folder: Path, cache: Path):
    """Yield what is to be measured, writing or fetching it when its turn comes."""
    for workload in WORKLOADS:
        if workload.name in names or not (names or public) or "all" in names:
            suite = Suite(write(workload, folder), ("tests",))
            number = workers or workload.workers
            yield Case(workload.name, suite, number, workload.tests, workload.is_plain_run)
    for each in suites.SUITES:
        if each.name in public:
            suite = suites.prepared(each, cache)
            yield Case(each.name, suite, workers or 2, run_plain(suite, "count").tests)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[[], "all", *(each.name for each in WORKLOADS)])
    parser.add_argument("--public", nargs="+", default=[])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("-n", dest="workers", type=int)
    parser.add_argument("--cache", type=Path, default=suites.DEFAULT_CACHE)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    print(f"median of {given.runs} interleaved runs, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        xdist = installed_xdist(given.cache / "xdist")
        check_that_all_is_counted(folder, xdist)
        show([HEADINGS])
        found = []
        for case in cases(given.names, given.public, given.workers, folder, given.cache):
            found.append((case, measure(case, given.runs, xdist)))
            show(lines(*found[-1]))
            if given.markdown:  # as far as it got
                given.markdown.write_text(markdown(found, given.runs), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
