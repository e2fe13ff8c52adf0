"""What happens to tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from unified_test_runner.events.base import Event
from unified_test_runner.light import dataclass
from unified_test_runner.model import (
    EntryKind,
    Measured,
    Outcome,
    PhaseResult,
    passed_phases,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class TestStarted(Event):
    """A test's set-up has begun.

    Recorded for tests that were seen running at two looks at their worker; of a quicker one the
    log has its end only. `attempt` counts the runs of a test that failed before,
    `repetition` the runs that `--repeat` asks for; both from 1, and only one of them goes beyond.
    `is_in_order`: it runs again after all tests before it in its
    file, in one process; how it ends then stands, whatever it came to before. `is_context`: it
    runs again only to come before such a test; how it ends now changes nothing.
    """

    kind: ClassVar[str] = "test_started"
    __test__: ClassVar[bool] = False
    worker: int
    nodeid: str
    suite: str
    occurrence: int = 0
    attempt: int = 1
    repetition: int = 1
    is_in_order: bool = False
    is_context: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFinished(Event):
    """An attempt ended. `kind` `file` entries use it too, with a single `collect` phase.

    `passed` are the seconds of set-up, call and teardown of a test that passed without a word,
    as most do; `phases` is empty then, and `all_phases` gives them either way.
    `path` is relative to the project root, `line` counts from 1 (0: unknown). `reason` is one
    line: why it was skipped, crashed or never ran. `reproduce` is a command, set when the
    outcome is bad. Memory is the worker's resident set; `peak_rss_bytes` is how far its
    high-water mark stood after the test. `is_in_order` and `is_context` are as at its start.
    """

    kind: ClassVar[str] = "test_finished"
    __test__: ClassVar[bool] = False
    worker: int
    nodeid: str
    suite: str
    outcome: Outcome
    duration_s: float
    phases: tuple[PhaseResult, ...] = ()
    passed: tuple[float, float, float] | None = None
    entry: EntryKind = EntryKind.TEST
    category: str | None = None
    occurrence: int = 0
    attempt: int = 1
    repetition: int = 1
    is_in_order: bool = False
    is_context: bool = False
    path: str = ""
    line: int = 0
    classname: str = ""
    name: str = ""
    reason: str = ""
    reproduce: str = ""
    cpu_s: float = 0.0
    rss_before_bytes: int = 0
    rss_after_bytes: int = 0
    peak_rss_bytes: int = 0
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def all_phases(self) -> tuple[PhaseResult, ...]:
        """The phases of the attempt, however they were recorded."""
        return self.phases if self.passed is None else passed_phases(self.passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsPassed(Event):
    """Tests of one file that passed one after the other, each on its first run.

    Stands for as many `TestFinished` with numbers that follow each other, and is written as
    these: most tests pass, and what the runner spends on each decides how many workers it can
    serve. Of each test there is one item in every tuple.
    """

    kind: ClassVar[str] = "test_finished"
    __test__: ClassVar[bool] = False
    worker: int
    suite: str
    category: str | None
    path: str
    nodeids: tuple[str, ...]
    lines: tuple[int, ...]
    classnames: tuple[str, ...]
    names: tuple[str, ...]
    measured: tuple[Measured, ...]

    def finished(self, index: int) -> TestFinished:
        """Return the event of one of the tests alone."""
        duration_s, cpu_s, before, after, peak, *passed = self.measured[index]
        setup_s, call_s, teardown_s = passed
        return TestFinished(
            worker=self.worker,
            nodeid=self.nodeids[index],
            suite=self.suite,
            category=self.category,
            outcome=Outcome.PASSED,
            duration_s=duration_s,
            passed=(setup_s, call_s, teardown_s),
            path=self.path,
            line=self.lines[index],
            classname=self.classnames[index],
            name=self.names[index],
            cpu_s=cpu_s,
            rss_before_bytes=before,
            rss_after_bytes=after,
            peak_rss_bytes=peak,
        )

    def each(self) -> Iterator[TestFinished]:
        """Yield the events of the tests, one by one."""
        return map(self.finished, range(len(self.nodeids)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LateErrorRecorded(Event):
    """A fixture failed to tear down after its last test had ended; amends that test."""

    kind: ClassVar[str] = "late_error"
    worker: int
    nodeid: str
    phase: PhaseResult
    occurrence: int = 0
    attempt: int = 1
    repetition: int = 1
    reproduce: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakFound(Event):
    """Something that a test left behind, `count` times alike.

    `resource`: thread, native thread, process, descriptor or temporary file; `what` says which
    one. `pid` is that of a process. `is_failing`: what the user asked for makes it fail the run.
    """

    kind: ClassVar[str] = "leak_found"
    worker: int
    nodeid: str
    resource: str
    what: str
    count: int = 1
    pid: int = 0
    is_failing: bool = False
    occurrence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRecorded(Event):
    """A warning that pytest would list in its summary."""

    kind: ClassVar[str] = "warning_recorded"
    worker: int
    message: str
    category: str
    nodeid: str = ""
    location: str = ""
