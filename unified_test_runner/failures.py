"""Which tests failed when they last ran, and what a further run makes of that. Pure.

Kept as pytest keeps its own: what failed is added, what ran and did not is removed, what did
not run stays.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Mapping  # noqa: TC003 - the codec reads annotations
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.model import EntryKind, Outcome

if TYPE_CHECKING:
    from unified_test_runner.entries import Entry
    from unified_test_runner.report import RunReport

#: Stands for a file as a whole: one that did not import.
WHOLE = ""


class Recall(str, enum.Enum):
    """What is done with the tests that failed last time."""

    NONE = ""
    ONLY = "only"  #: `--lf`: nothing else runs
    FIRST = "first"  #: `--ff`: everything runs, they first
    FROM = "from"  #: `--sw`: what stands before the test that stopped the last run is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRecord:
    """What is known of earlier failures.

    `failed`: path from the project root → node ids inside of that file (`WHOLE`: the file
    itself). `stopped_at`: path and inner node id of the test that stopped the last stepwise
    run, None where that run came to its end.
    """

    failed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stopped_at: tuple[str, str] | None = None

    def after(self, report: RunReport, *, is_stepwise: bool = False) -> FailureRecord:
        """Return the record after a run."""
        known: dict[str, dict[str, None]] = defaultdict(dict)
        found = [*report.entries.told(self.failed)]
        seen = {(entry.path, _inner(entry)) for entry in found}
        for path, names in self.failed.items():
            known[path] = dict.fromkeys(names)
        stopped_at = None
        ended = [entry for entry in found if entry.outcome is not Outcome.NOT_RUN]
        for entry in ended:
            if entry.kind is EntryKind.TEST:  # its file was imported
                known[entry.path].pop(WHOLE, None)
            known[entry.path].pop(_inner(entry), None)
        # Afterwards: of two tests by one name the one that failed counts.
        for entry in ended:
            if entry.outcome.is_bad:
                known[entry.path][_inner(entry)] = None
                stop = (entry.path, _inner(entry)) if is_stepwise else None
                stopped_at = stopped_at or stop
        for path in report.whole_paths & known.keys():
            # Every test in it is accounted for: what is not among them is no longer there.
            known[path] = {name: None for name in known[path] if (path, name) in seen}
        is_over = is_stepwise and report.interrupted is None and not report.errors
        return FailureRecord(
            failed={path: tuple(names) for path, names in known.items() if names},
            stopped_at=stopped_at or (None if is_over else self.stopped_at),
        )


def _inner(entry: Entry) -> str:
    return WHOLE if entry.kind is EntryKind.FILE else entry.nodeid.partition("::")[2]
