"""Synthetic suites that each bring out one way of being slow.

    python tests/benchmarks/workloads.py NAME FOLDER

writes one of them; `compare.py` runs them. Tests burn processor time by the clock of the
process, so that their cost is the same on every machine and under every load.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

Files = Iterator[tuple[str, str]]

_BURN = """
import time

def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""


@dataclass(frozen=True)
class Workload:
    """A suite to be written, and the workers it is run with."""

    name: str
    files: Callable[[], Files]
    tests: int
    workers: int = 2
    #: Whether plain pytest is worth waiting for.
    is_plain_run: bool = True


def many_small() -> Files:
    """10,000 tests of no cost in 500 files of 25 folders: pure overhead."""
    body = "\n".join(f"def test_{n}():\n    assert {n} >= 0\n" for n in range(10))
    body += "\nimport pytest\n\n@pytest.mark.parametrize('n', range(10))\n"
    body += "def test_parametrised(n, tiny):\n    assert n + tiny >= 0\n"
    yield "conftest.py", "import pytest\n\n@pytest.fixture\ndef tiny():\n    return 1\n"
    for number in range(500):
        yield f"tests/part_{number // 20:02}/test_small_{number:03}.py", body


def slow_conftest() -> Files:
    """200 files below a conftest that costs more than all of them."""
    yield "tests/conftest.py", f"{_BURN}\nburn(0.4)\n"
    for number in range(200):
        yield f"tests/test_{number:03}.py", "def test_one(): pass\n\ndef test_two(): pass\n"


def dominating_file() -> Files:
    """One file with nearly all the work, beside 100 small ones."""
    cheap = "import pytest\n\n@pytest.mark.parametrize('n', range(5))\ndef test_small(n): pass\n"
    dear = "@pytest.mark.parametrize('n', range(2000))\ndef test_dear(n): burn(0.003)\n"
    for number in range(100):
        yield f"tests/test_{number:03}.py", cheap
    yield "tests/test_large.py", f"import pytest\n{_BURN}\n{dear}"


def sleepers() -> Files:
    """50 tests that wait, each in a file of its own, for 0.1 to 1 s."""
    for number in range(50):
        pause = 0.1 + (number * 7 % 10) / 10
        body = f"import time\n\ndef test_waits(): time.sleep({pause:.1f})\n"
        yield f"tests/test_{number:02}.py", body


def three_tests() -> Files:
    """The suite of a young project: start-up is all there is."""
    body = "def test_one(): pass\n\ndef test_two(): pass\n\ndef test_three(): pass\n"
    yield "tests/test_three.py", body


WORKLOADS = (
    Workload("small", many_small, 10_000),
    Workload("conftest", slow_conftest, 400),
    Workload("dominated", dominating_file, 2_500),
    Workload("sleepers", sleepers, 50, workers=8, is_plain_run=False),
    Workload("three", three_tests, 3),
)


def write(workload: Workload, folder: Path) -> Path:
    """Write a workload's files below `folder` and return the project's root."""
    root = folder / workload.name
    for name, text in (("pyproject.toml", ""), *workload.files()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def main() -> int:
    """Write the workload that the command line names."""
    known = {workload.name: workload for workload in WORKLOADS}
    if len(sys.argv) != 3 or sys.argv[1] not in known:
        print(f"usage: workloads.py {{{','.join(known)}}} FOLDER", file=sys.stderr)
        return 2
    print(write(known[sys.argv[1]], Path(sys.argv[2])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
