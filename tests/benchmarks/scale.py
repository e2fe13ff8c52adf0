"""How the runner itself scales: its share of the processor, its memory, time by number of tests.

    python tests/benchmarks/scale.py [--tests 5000 10000 50000] [-n WORKERS] [--runs 3]

Tests that cost nothing, 20 to a file, are the worst case: all that is measured is overhead.
The runner is called in a process that tells its own use of the machine at its end, beside
that of its children.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workloads import Workload, write

_PROBE = """
import json, resource, sys, time
from unified_test_runner.cli import main

began = time.perf_counter()
status = main(sys.argv[1:])
wall = time.perf_counter() - began
own, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({
    "status": int(status or 0), "wall_s": wall, "own_s": own.ru_utime + own.ru_stime,
    "children_s": theirs.ru_utime + theirs.ru_stime, "rss_mib": own.ru_maxrss / 1024,
}), file=sys.stderr)
"""
_PER_FILE = 20


@dataclass(frozen=True)
class Measured:
    """One run: seconds of wall and processor time, the runner's peak memory."""

    wall_s: float
    own_s: float
    children_s: float
    rss_mib: float

    @property
    def share(self) -> float:
        """The runner's part of all processor time."""
        return self.own_s / (self.own_s + self.children_s)


def suite_of(tests: int) -> Workload:
    """A suite of so many tests without cost."""
    body = "import pytest\n\n@pytest.mark.parametrize('n', range(10))\ndef test_p(n): pass\n"
    body += "".join(f"\ndef test_{n}(): pass\n" for n in range(_PER_FILE - 10))

    def files():
        for number in range(tests // _PER_FILE):
            yield f"tests/part_{number // 20:03}/test_{number:04}.py", body

    return Workload(f"tests-{tests}", files, tests)


def run(root: Path, tests: int, workers: int) -> Measured:
    """Run a suite once."""
    report = root / "report.json"
    command = [sys.executable, "-c", _PROBE, "-n", str(workers), "--json", str(report)]
    environ = {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        command, cwd=root, env=environ, check=True, capture_output=True, text=True
    )
    told = json.loads(done.stderr.splitlines()[-1])
    passed = json.loads(report.read_text())["totals"]["passed"]
    if told.pop("status") != 0 or passed != tests:
        raise SystemExit(f"{passed} of {tests} tests passed:\n{done.stdout[-2000:]}")
    return Measured(**told)


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tests", nargs="+", type=int, default=[5_000, 10_000, 25_000, 50_000])
    parser.add_argument("-n", dest="workers", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    print("|  tests | wall s | µs/test | runner's share of the processor | its memory MiB |")
    print("|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        roots = {tests: write(suite_of(tests), Path(folder)) for tests in given.tests}
        for tests, root in roots.items():
            run(root, tests, given.workers)  # writes the bytecode
        taken: dict[int, list[Measured]] = {tests: [] for tests in roots}
        for _ in range(given.runs):
            for tests, root in roots.items():
                taken[tests].append(run(root, tests, given.workers))
    for tests, runs in taken.items():
        wall_s = statistics.median(each.wall_s for each in runs)
        share = statistics.median(each.share for each in runs)
        memory = max(each.rss_mib for each in runs)
        per_test = wall_s / tests * 1e6
        print(f"| {tests} | {wall_s:.2f} | {per_test:.0f} | {share:.1%} | {memory:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
