"""Tests that make their worker grow a little with each repetition. Pure.

Taken from what a worker's resident set gained during each run of one test function in one
worker: its parametrisations, or repetitions. A claim needs growth that goes on evenly after a
warm-up; a cache that is filled once, an allocator that settles, or a resident set that wanders
is none.
"""

from __future__ import annotations

import itertools
import statistics
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unified_test_runner.events import TestFinished, TestsPassed

#: Fewer runs say nothing.
RUNS_AT_LEAST = 25
#: The first runs fill caches and free lists: this share of them, and no fewer, is left out.
_WARM_UP_SHARE, _WARM_UP_RUNS = 0.2, 5
#: pytest itself keeps almost 1 KiB of each test.
PER_RUN_AT_LEAST_BYTES = 4 * 1024
#: Kernels before 6.16 count pages per processor, and tell the sum with a delay of this order.
TOTAL_AT_LEAST_BYTES = 512 * 1024
#: Growth is even where the gains from block to block differ little: their mean is so many
#: standard errors above zero. A walk without drift gets there in 1 of 400 cases.
_BLOCKS = 8
_STANDARD_ERRORS = 4.0
#: Towards the end it must go on with at least this share of the mean gain.
_LAST_SHARE = 1 / 3
#: Pairs of points grow with the square of their number.
_POINTS_AT_MOST = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Growing:
    """A test function whose every run leaves its worker larger; `nodeid` is without parameters."""

    nodeid: str
    worker: int
    runs: int
    per_run_bytes: int


class Repetitions:
    """Collects what repeated tests add to the memory of their workers."""

    def __init__(self) -> None:
        self._gains: dict[tuple[str, int], array[int]] = {}
        self._waiting: list[TestsPassed | tuple[str, int, int]] = []

    def add(self, event: TestFinished) -> None:
        """Take a test that ended; one that is run once is not kept."""
        is_first = event.attempt == event.repetition == 1
        if "[" not in event.nodeid and not event.occurrence and is_first:
            return
        if event.rss_after_bytes > 0 and event.rss_before_bytes > 0:  # else it ended its worker
            gain = event.rss_after_bytes - event.rss_before_bytes
            self._waiting.append((event.nodeid, event.worker, gain))

    def add_all(self, passed: TestsPassed) -> None:
        """Take tests that passed in a row."""
        self._waiting.append(passed)

    def _sort(self) -> None:
        """Tell the tests apart, which nobody needs before the end."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if isinstance(each, tuple):
                self._note(*each)
                continue
            for nodeid, measured in zip(each.nodeids, each.measured, strict=True):
                if "[" in nodeid:
                    _, _, before, after, *_ = measured
                    self._note(nodeid, each.worker, after - before)

    def _note(self, nodeid: str, worker: int, gain_bytes: int) -> None:
        path, colons, name = nodeid.partition("::")
        key = (f"{path}{colons}{name.partition('[')[0]}", worker)
        gains = self._gains.get(key)
        if gains is None:
            gains = self._gains[key] = array("q")
        gains.append(gain_bytes)

    def growing(self) -> list[Growing]:
        """Return the tests that grow, those that took most first; each once."""
        self._sort()
        found: dict[str, Growing] = {}
        for (nodeid, worker), gains in self._gains.items():
            per_run = growth_per_run(gains)
            known = found.get(nodeid)
            if per_run and (known is None or known.runs < len(gains)):
                found[nodeid] = Growing(
                    nodeid=nodeid, worker=worker, runs=len(gains), per_run_bytes=per_run
                )
        return sorted(found.values(), key=lambda each: -each.per_run_bytes * each.runs)


def growth_per_run(gains: Sequence[int]) -> int:
    """Return by how many bytes each run makes a process grow; 0 where no growth can be claimed.

    Args:
        gains: what the resident set gained during each run, in order.
    """
    if len(gains) < RUNS_AT_LEAST:
        return 0
    warm_up = max(_WARM_UP_RUNS, int(len(gains) * _WARM_UP_SHARE))
    levels = list(itertools.accumulate(gains))[warm_up:]
    if not _is_even(levels):
        return 0
    slope = _theil_sen(levels)
    is_much = slope >= PER_RUN_AT_LEAST_BYTES and slope * len(levels) >= TOTAL_AT_LEAST_BYTES
    return round(slope) if is_much else 0


def _is_even(levels: Sequence[int]) -> bool:
    """Whether the levels rise from block to block by about the same, to the end."""
    edges = [len(levels) * block // _BLOCKS for block in range(_BLOCKS + 1)]
    means = [statistics.fmean(levels[start:end]) for start, end in itertools.pairwise(edges)]
    steps = [after - before for before, after in itertools.pairwise(means)]
    mean = statistics.fmean(steps)
    error = statistics.stdev(steps) / len(steps) ** 0.5
    return mean >= _STANDARD_ERRORS * error and min(steps[-2:]) >= _LAST_SHARE * mean


def _theil_sen(levels: Sequence[int]) -> float:
    """Return the median slope over all pairs of points, which no outlier moves far."""
    stride = -(-len(levels) // _POINTS_AT_MOST)
    points = list(enumerate(levels))[::stride]
    return statistics.median(
        (high - low) / (later - sooner)
        for (sooner, low), (later, high) in itertools.combinations(points, 2)
    )
