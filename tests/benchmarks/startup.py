"""Start-up and overhead: medians of interleaved runs, and the ratios we hold ourselves to.

Run it with `make bench`, or `python tests/benchmarks/startup.py [--runs N]`. Absolute times
say little on a shared machine; each figure is compared with a peer measured in the same loop.
Exit status 1 when a ratio is over its bound.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
OURS = [sys.executable, "-m", "unified_test_runner"]


@dataclass(frozen=True)
class Case:
    """A command, the peer it is measured against, and the ratio it must stay under."""

    name: str
    command: list[str]
    peer: str
    bound: float
    cwd: Path


def environment() -> dict[str, str]:
    """Return ours without what would make either side unlike a user's: cached bytecode is."""
    dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    environ = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**environ, "PYTHONPATH": str(REPOSITORY)}


def seconds(command: list[str], cwd: Path) -> float:
    """Return the wall time of one run, which must succeed."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, check=False)
    took = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended in {done.returncode}: {done.stderr.decode()}")
    return took


def trivial_project(parent: Path) -> Path:
    """Return a project with one test file of one test."""
    root = parent / "trivial"
    (root / "tests").mkdir(parents=True)
    (root / "pyproject.toml").write_text("")
    (root / "tests" / "test_trivial.py").write_text("def test_trivial():\n    pass\n")
    return root


def measure(cases: list[Case], peers: dict[str, Case], runs: int) -> dict[str, list[float]]:
    """Run everything in turn, `runs` times after one warm-up."""
    everything = [*peers.values(), *cases]
    taken: dict[str, list[float]] = {case.name: [] for case in everything}
    for turn in range(runs + 1):
        for case in everything:
            took = seconds(case.command, case.cwd)
            if turn:
                taken[case.name].append(took)
    return taken


def main() -> int:
    """Measure, print the table, and compare with the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        trivial = trivial_project(Path(folder))
        reports = ["--junit-xml", f"{folder}/junit.xml", "--json", f"{folder}/report.json"]
        click = [sys.executable, "-c", "import click"]
        pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests"]
        peers = {
            "import click": Case("import click", click, "", 0, REPOSITORY),
            "plain pytest": Case("plain pytest", pytest, "", 0, trivial),
        }
        cases = [
            Case("--help", [*OURS, "--help"], "import click", 2.0, REPOSITORY),
            Case("list", [*OURS, "list"], "import click", 5.0, REPOSITORY),
            Case("one trivial test", [*OURS, *reports, "tests"], "plain pytest", 2.0, trivial),
        ]
        taken = measure(cases, peers, runs)
    median = {name: statistics.median(values) for name, values in taken.items()}
    print(f"median of {runs} interleaved runs, Python {sys.version.split()[0]}")
    print(f"{'command':<18}{'ms':>8}{'peer':>16}{'ratio':>8}{'bound':>8}")
    for name in peers:
        print(f"{name:<18}{median[name] * 1000:>8.0f}")
    failed = False
    for case in cases:
        ratio = median[case.name] / median[case.peer]
        failed = failed or ratio >= case.bound
        print(
            f"{case.name:<18}{median[case.name] * 1000:>8.0f}{case.peer:>16}"
            f"{ratio:>8.2f}{case.bound:>8.1f}{'  OVER' if ratio >= case.bound else ''}"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
