"""Which test a stray process belongs to, and what that comes to. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.events import LeakFound, NoticeGiven
from unified_test_runner.model import EntryKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from unified_test_runner.events import Event
    from unified_test_runner.report import RunReport
    from unified_test_runner.services.strays import Stray

#: A test that was ended had no chance to clean up; its outcome tells enough.
_ENDED = frozenset({Outcome.CRASHED, Outcome.TIMED_OUT})


def told(stray: Stray, report: RunReport, leaks: Mapping[str, str]) -> Iterator[Event]:
    """Yield what the record says of a process that was found and ended after the run.

    Args:
        stray: the process.
        report: the run so far.
        leaks: what leftovers of each suite's tests are: report, fail or off.
    """
    known = next((leak.nodeid for leak in report.leaks if leak.pid == stray.pid), "")
    test = known or stray.test
    what = f"{stray.name} ({stray.pid})" + (f", started by {test}" if test else "")
    yield NoticeGiven(
        level="warning",
        message=f"a test left a process behind, which was ended: {what}",
        hint="let the fixture that starts a process end it",
    )
    entry = report.entries.get((EntryKind.TEST, test, 0))
    if known or entry is None or entry.outcome in _ENDED:
        return
    wanted = leaks.get(entry.suite, "report")
    if wanted != "off":
        yield LeakFound(
            worker=entry.last.worker,
            nodeid=test,
            resource="process",
            what=stray.name,
            pid=stray.pid,
            is_failing=wanted == "fail",
        )
