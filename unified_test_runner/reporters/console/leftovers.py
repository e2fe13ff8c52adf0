"""What tests left behind, as lines of the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.reporters.console.lines import Line, rule
from unified_test_runner.reporters.leftovers import leaks_by_test
from unified_test_runner.reporters.text import clipped, one_line

if TYPE_CHECKING:
    from unified_test_runner.events import LeakFound
    from unified_test_runner.report import RunReport

#: Tests, and leaks of each, that are shown where leaks are only told, and where they fail the run.
_TOLD = (5, 3)
_FAILING = (50, 10)


def leftovers(report: RunReport, width: int, *, is_failing: bool) -> list[Line]:
    """Return a table of leaks by test: those that fail the run, or else the other ones."""
    by_test = leaks_by_test(report, is_failing=is_failing)
    if not is_failing:
        by_test = {key: told for key, each in by_test.items() if (told := _only_told(each))}
    if not by_test:
        return []
    tests, each_at_most = _FAILING if is_failing else _TOLD
    number = sum(leak.count for leaks in by_test.values() for leak in leaks)
    heading = "left behind, which fails the run" if is_failing else "left behind"
    lines = [rule(f"{heading}: {number} by {_tests(len(by_test))}", width)]
    for (nodeid, _), leaks in list(by_test.items())[:tests]:
        lines.append(Line(one_line(nodeid), "bad" if is_failing else "doubt"))
        lines += [
            Line(clipped(f"    {_text(leak)}", max(width, 60))) for leak in leaks[:each_at_most]
        ]
        if len(leaks) > each_at_most:
            lines.append(Line(f"    ... and {len(leaks) - each_at_most} more"))
    if len(by_test) > tests:
        lines.append(Line(f"... and {_tests(len(by_test) - tests)} more; --json lists all"))
    return lines


def _only_told(leaks: list[LeakFound]) -> list[LeakFound]:
    return [leak for leak in leaks if not leak.is_failing]


def _text(leak: LeakFound) -> str:
    times = f" ({leak.count} times)" if leak.count > 1 else ""
    return f"{leak.resource}: {one_line(leak.what)}{times}"


def _tests(number: int) -> str:
    return "1 test" if number == 1 else f"{number} tests"
