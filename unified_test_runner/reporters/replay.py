"""From a log back to a report, and to every form of it that the run itself gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.errors import UsageError
from unified_test_runner.events import decode
from unified_test_runner.reporters.publisher import Publisher

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from unified_test_runner.events import Stamped
    from unified_test_runner.report import RunReport
    from unified_test_runner.reporters.base import Reporter


def read_log(lines: Iterable[str], name: str = "events.jsonl") -> Iterator[Stamped]:
    """Yield the events of a log. A last line that was cut off is left out.

    Raises:
        UsageError: a line before the last is no event; names the place.
    """
    fault: UsageError | None = None
    for number, line in enumerate(lines, start=1):
        if fault is not None:
            raise fault
        if not line.strip():
            continue
        try:
            stamped = decode(line)
        except ValueError as error:
            # Only the next line, if there is one, tells whether this one was cut off.
            fault = UsageError(f"{name}:{number}: {error}", hint="is this an event log?")
            continue
        if stamped is not None:
            yield stamped
    if fault is not None and number == 1:
        raise fault


def replay(lines: Iterable[str], name: str = "events.jsonl") -> RunReport:
    """Return the report that a log comes to.

    Raises:
        UsageError: the log is corrupt.
    """
    return replay_into(lines, (), name)


def replay_into(
    lines: Iterable[str], reporters: Sequence[Reporter], name: str = "events.jsonl"
) -> RunReport:
    """Show a log on `reporters` as if it happened now, and return its report.

    Raises:
        UsageError: the log is corrupt.
        UtrError: a reporter failed.
    """
    publisher = Publisher(reporters)
    for stamped in read_log(lines, name):
        publisher.publish(stamped)
    publisher.close()
    return publisher.report
