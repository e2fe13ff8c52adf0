from __future__ import annotations

import pytest

from unified_test_runner.events import LeakFound, Stamped
from unified_test_runner.report import RunReport
from unified_test_runner.reporters.console.leftovers import leftovers


def shown(*leaks: LeakFound, is_failing: bool = False) -> list[str]:
    report = RunReport()
    for seq, leak in enumerate(leaks, start=1):
        report.apply(Stamped(seq=seq, t_mono=seq, event=leak))
    return [line.text for line in leftovers(report, 80, is_failing=is_failing)]


def left(number: int = 0, what: str = "pipe", **fields) -> LeakFound:
    return LeakFound(
        worker=1, nodeid=f"a.py::t{number}", resource="descriptor", what=what, **fields
    )


@pytest.mark.parametrize("is_failing", [True, False])
def test_nothing_left_is_not_worth_a_line(is_failing):
    assert shown(is_failing=is_failing) == []


def test_leaks_stand_below_their_test():
    lines = shown(left(count=2), left(what="epoll"), left(1))
    assert lines[0].startswith("--- left behind: 4 by 2 tests ")
    assert lines[1:] == [
        "a.py::t0",
        "    descriptor: pipe (2 times)",
        "    descriptor: epoll",
        "a.py::t1",
        "    descriptor: pipe",
    ]


def test_what_fails_the_run_has_a_table_of_its_own():
    both = (left(is_failing=True), left(what="epoll"))
    assert shown(*both)[1:] == ["a.py::t0", "    descriptor: epoll"]
    lines = shown(*both, is_failing=True)
    assert lines[0].startswith("--- left behind, which fails the run: 1 by 1 test ")
    assert lines[1:] == ["a.py::t0", "    descriptor: pipe"]


def test_the_lists_are_bounded():
    lines = shown(*(left(test, f"pipe {n}") for test in range(9) for n in range(5)))
    assert lines[1:6] == [
        "a.py::t0",
        *(f"    descriptor: pipe {n}" for n in range(3)),
        "    ... and 2 more",
    ]
    assert lines[-1] == "... and 4 tests more; --json lists all"


def test_names_of_files_are_made_harmless_and_cut():
    (_, _, line) = shown(left(what="file /tmp/\x1b[2J\n" + "x" * 200))
    assert "\x1b" not in line
    assert len(line) == 80
