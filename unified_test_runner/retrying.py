"""Which failed tests are run again, and when that has no point. Pure, but for its notices.

Tests are run again once everything else has run: alone, in a worker of their own, up to as
often as their suite allows or until they pass. A file that could not be collected is not: what
breaks an import hardly ever passes by itself. Neither is anything when so much failed that the
build is broken rather than flaky, nor when the run was stopped before its end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.events import NoticeGiven
from unified_test_runner.model import EntryKind
from unified_test_runner.steps import Again, RetriesWanted, UnitPlan
from unified_test_runner.verdict import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from unified_test_runner.entries import Entry
    from unified_test_runner.events import Event
    from unified_test_runner.report import RunReport

#: Up to so many failures are retried, or this share of the executed tests if that is more.
MAX_FAILURES = 10
MAX_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a test is: in a unit of a group, the one at `index` of `ids`."""

    group: int
    unit: UnitPlan
    ids: tuple[str, ...]
    index: int


class Retrying:
    """Decides on retries from how tests ended.

    Args:
        allowed: how often a test of each suite may be run again.
        max_failures: beyond so many failures nothing is; None means the default above.
        emit: takes notices.
    """

    def __init__(
        self,
        allowed: Mapping[str, int],
        max_failures: int | None,
        emit: Callable[[Event], None],
    ) -> None:
        self._allowed = allowed
        self._max_failures = max_failures
        self._emit = emit
        self._places: dict[tuple[str, int], Place] = {}
        self._wanted: set[Again] = set()
        self._has_begun = False
        self._dropped: Counter[str] = Counter()

    def concerns(self, unit: UnitPlan) -> bool:
        """Whether the tests of a unit may have to be found again."""
        return unit.again is None and self._allowed.get(unit.suite, 0) > 0

    def note(self, nodeid: str, occurrence: int, place: Place) -> None:
        """Remember where a test is that may have to be found again."""
        self._places[nodeid, occurrence] = place

    def at_end(self, report: RunReport, stop_reason: str) -> RetriesWanted | None:
        """Return what is to be run again, now that nothing else is left.

        Args:
            report: how everything ended.
            stop_reason: why the run was stopped before its end, if it was.
        """
        if self._has_begun:
            for reason, number in self._dropped.items():
                self._warn(number, f"not run again: {reason}")
            self._dropped.clear()
            return None
        self._has_begun = True
        failures = report.bad_entries
        due = [entry for entry in failures if self._place(entry) is not None]
        bound = self._bound(report.executed)
        if due and stop_reason:
            self._warn(len(due), f"not run again: {stop_reason}")
            return None
        if due and len(failures) > bound:
            hint = "a broken build is not flaky; --retries-max-failures sets the bound"
            self._warn(len(due), f"not run again: more than {bound} failures", hint)
            return None
        units = [wanted for entry in due if (wanted := self._want(entry)) is not None]
        return RetriesWanted(units=tuple(units)) if units else None

    def after(self, unit: UnitPlan, report: RunReport) -> RetriesWanted | None:
        """Return the next retry of a test whose retry `unit` has just left its worker."""
        again = unit.again
        if again is None:
            return None
        entry = report.entries.get((EntryKind.TEST, again.nodeid, again.occurrence))
        # Without an end of this attempt it is still waiting, or could not be had at all.
        if entry is None or entry.last.number != again.attempt or not entry.outcome.is_bad:
            return None
        wanted = self._want(entry)
        return RetriesWanted(units=(wanted,)) if wanted else None

    def miss(self, again: Again) -> None:
        """A test that was to be run again does not exist any more."""
        message = f"{again.nodeid} could not be run again"
        self._emit(
            NoticeGiven(
                level="warning",
                message=f"{message}: its file, collected anew, has no test of that id",
                hint="ids of parameters should be the same in every process",
            )
        )

    def drop(self, reason: str) -> None:
        """A retry that was wanted does not happen; what the test came to before stands."""
        self._dropped[reason] += 1

    def _want(self, entry: Entry) -> tuple[int, UnitPlan] | None:
        """Return the next retry of a test; its run in order, where it had one, was none."""
        place, attempt = self._place(entry), entry.last.number + 1
        others = 1 + sum(each.is_in_order for each in entry.attempts)
        if place is None or attempt - others > self._allowed[entry.suite]:
            return None
        again = Again(
            nodeid=entry.nodeid,
            nth=place.ids[: place.index].count(entry.nodeid),
            occurrence=entry.occurrence,
            attempt=attempt,
        )
        if again in self._wanted:
            # Its last retry was in two workers' hands: one had handed it back, and ends only now.
            return None
        self._wanted.add(again)
        unit = place.unit
        again_only = UnitPlan(
            key=unit.key, suite=unit.suite, locks=unit.locks, is_serial=unit.is_serial, again=again
        )
        return place.group, again_only

    def _place(self, entry: Entry) -> Place | None:
        if entry.kind is not EntryKind.TEST:
            return None
        return self._places.get((entry.nodeid, entry.occurrence))

    def _bound(self, executed: int) -> int:
        if self._max_failures is not None:
            return self._max_failures
        return max(MAX_FAILURES, int(MAX_SHARE * executed))

    def _warn(self, number: int, what: str, hint: str = "") -> None:
        were = "was" if number == 1 else "were"
        message = f"{counted(number, 'failed test')} {were} {what}"
        self._emit(NoticeGiven(level="warning", message=message, hint=hint))
