"""What the death of a worker costs: from its last sign of life to its replacement's first test.

    python tests/benchmarks/deaths.py [--deaths 30]

Every second test of one file kills its worker. Measured in the run's own event log, between
the end that the runner recorded for the killed test and that of the test after it, which
costs nothing by itself.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from workloads import Workload, write


def suite_of(deaths: int) -> Workload:
    """A file in which every second test kills its worker."""
    body = "import os\n"
    for number in range(deaths):
        body += (
            f"\ndef test_{number:03}_dies(): os._exit(1)\n\ndef test_{number:03}_lives(): pass\n"
        )
    return Workload("deaths", lambda: iter([("tests/test_deaths.py", body)]), 2 * deaths)


def pauses(log: Path) -> list[float]:
    """Seconds between each crash and the end of the next test."""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    ends = [event for event in events if event["kind"] == "test_finished"]
    return [
        after["t_mono"] - before["t_mono"]
        for before, after in itertools.pairwise(ends)
        if before["outcome"] == "crashed"
    ]


def main() -> int:
    """Measure and print; fails when the typical death costs more than 200 ms."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deaths", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, log = write(suite_of(given.deaths), Path(folder)), Path(folder) / "events.jsonl"
        command = [sys.executable, "-m", "unified_test_runner", "-n", "1", "--events", str(log)]
        subprocess.run(command, cwd=root, check=False, capture_output=True)
        found = pauses(log)
    if len(found) != given.deaths:
        raise SystemExit(f"{len(found)} of {given.deaths} deaths are in the log")
    median = statistics.median(found)
    print(f"a death costs {median * 1000:.0f} ms (median of {len(found)}, max {max(found):.3f} s)")
    return int(median > 0.2)


if __name__ == "__main__":
    sys.exit(main())
