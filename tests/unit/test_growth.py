"""Growth is found where it is, and claimed nowhere else: against simulated resident sets."""

from __future__ import annotations

import itertools
import random

import pytest

from unified_test_runner.events import TestFinished
from unified_test_runner.growth import RUNS_AT_LEAST, Repetitions, growth_per_run
from unified_test_runner.model import Outcome

KIB, PAGE = 1024, 4096


def gains(levels):
    """What each run gained, in whole pages as the kernel counts."""
    pages = [round(level / PAGE) * PAGE for level in levels]
    return [after - before for before, after in itertools.pairwise([0, *pages])]


def jitter(rng, runs):
    return [rng.gauss(0, 60 * KIB) for _ in range(runs)]


def wandering(rng, runs):
    return list(itertools.accumulate(rng.gauss(0, 24 * KIB) for _ in range(runs)))


def settling(rng, runs):
    return [3000 * KIB * (1 - 0.8**run) + rng.gauss(0, 20 * KIB) for run in range(runs)]


def one_step(rng, runs):
    at = rng.randrange(runs)
    return [(run >= at) * 4096 * KIB + rng.gauss(0, 20 * KIB) for run in range(runs)]


def two_steps(rng, runs):
    at = [rng.randrange(runs) for _ in range(2)]
    return [sum(run >= step for step in at) * 1024 * KIB for run in range(runs)]


def collected(rng, runs):
    """Garbage in circles, collected now and then."""
    period = rng.randrange(7, 20)
    return [(run % period) * 50 * KIB for run in range(runs)]


def pytests_own(rng, runs):
    return [run * 0.9 * KIB + rng.gauss(0, 4 * KIB) for run in range(runs)]


STEADY = [jitter, wandering, settling, one_step, two_steps, collected, pytests_own]


@pytest.mark.parametrize("runs", [25, 100, 400])
@pytest.mark.parametrize("noise", STEADY, ids=lambda noise: noise.__name__)
def test_a_steady_test_is_hardly_ever_accused(noise, runs):
    rng = random.Random(f"{noise.__name__} {runs}")
    accused = sum(growth_per_run(gains(noise(rng, runs))) > 0 for _ in range(400))
    # A walk without any drift is the worst case, and no real resident set is one.
    assert accused <= (6 if noise is wandering else 0), f"{accused} of 400"


@pytest.mark.parametrize(
    ("per_run", "runs", "sigma"),
    [(20 * KIB, 100, 0), (20 * KIB, 100, 40 * KIB), (8 * KIB, 400, 60 * KIB), (64 * KIB, 30, 0)],
)
def test_a_leak_is_found_and_measured(per_run, runs, sigma):
    rng = random.Random(runs)
    found = [
        growth_per_run(gains([run * per_run + rng.gauss(0, sigma) for run in range(runs)]))
        for _ in range(200)
    ]
    assert sum(each > 0 for each in found) >= 195
    assert all(abs(each - per_run) < 0.25 * per_run for each in found if each)


def test_a_leak_behind_a_warm_up_is_measured_without_it():
    levels = [20 * KIB * run + 5000 * KIB * (1 - 0.6**run) for run in range(100)]
    assert growth_per_run(gains(levels)) == pytest.approx(20 * KIB, rel=0.05)


def test_memory_that_comes_in_chunks_still_shows():
    levels = [run * 20 * KIB // (128 * KIB) * (128 * KIB) for run in range(200)]
    assert growth_per_run(gains(levels)) == pytest.approx(20 * KIB, rel=0.2)


def test_a_leak_that_has_stopped_is_none():
    levels = [min(run, 60) * 50 * KIB for run in range(100)]
    assert growth_per_run(gains(levels)) == 0


def test_few_runs_say_nothing():
    assert growth_per_run([1 << 20] * (RUNS_AT_LEAST - 1)) == 0
    assert growth_per_run([1 << 20] * RUNS_AT_LEAST) == 1 << 20


def test_very_many_runs_are_thinned_out():
    assert growth_per_run([20 * KIB] * 50_000) == 20 * KIB


def finished(nodeid, worker=1, gain=32 * KIB, **fields):
    about = {"suite": "s", "outcome": Outcome.PASSED, "duration_s": 0.1, **fields}
    return TestFinished(
        worker=worker, nodeid=nodeid, rss_before_bytes=1 << 24, rss_after_bytes=(1 << 24) + gain,
        **about,
    )  # fmt: skip


def grown(*events):
    repetitions = Repetitions()
    for event in events:
        repetitions.add(event)
    return [(each.nodeid, each.worker, each.runs) for each in repetitions.growing()]


def test_runs_belong_together_by_function_and_worker():
    events = [finished(f"a[b].py::T::test[{n}]", n % 2) for n in range(50)]
    assert grown(*events) == [("a[b].py::T::test", 0, 25)]
    assert grown(*events[:40]) == [], "twenty in each of two workers"


def test_repetitions_without_parameters():
    again = [finished("a.py::test", occurrence=n) for n in range(40)]
    assert grown(*again) == [("a.py::test", 1, 39)], "one that is run once need not be kept"
    retried = [finished("a.py::test", attempt=n + 1) for n in range(40)]
    assert grown(*retried) == [("a.py::test", 1, 39)]
    assert grown(*[finished(f"a.py::test_{n}") for n in range(40)]) == []


def test_tests_that_ended_with_their_worker_say_nothing_of_memory():
    lost = {"outcome": Outcome.CRASHED, "suite": "s", "duration_s": 0.1}
    events = [TestFinished(worker=1, nodeid=f"a.py::t[{n}]", **lost) for n in range(40)]
    assert grown(*events) == []


def test_the_worst_comes_first():
    small = [finished(f"a.py::small[{n}]") for n in range(30)]
    large = [finished(f"a.py::large[{n}]", gain=1 << 20) for n in range(30)]
    assert [name for name, _, _ in grown(*small, *large)] == ["a.py::large", "a.py::small"]
