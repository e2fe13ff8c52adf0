"""Events as lines of a log, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from unified_test_runner.codec import from_plain, to_plain
from unified_test_runner.events.coverage import CoverageMeasured
from unified_test_runner.events.run import (
    ErrorRaised,
    NoticeGiven,
    PlanMade,
    RunFinished,
    RunInterrupted,
    RunStarted,
)
from unified_test_runner.events.services import (
    NamespaceOpened,
    ServiceFailed,
    ServiceReady,
    ServiceStarting,
    ServiceStopped,
)
from unified_test_runner.events.tests import (
    LateErrorRecorded,
    LeakFound,
    TestFinished,
    TestsPassed,
    TestStarted,
    WarningRecorded,
)
from unified_test_runner.events.workers import (
    ForecastDiffered,
    PluginsTold,
    StacksShown,
    TemplateReady,
    UnitCollected,
    UnitFinished,
    UnitSplit,
    UnitStarted,
    WorkerExited,
    WorkerReady,
    WorkerRecycled,
    WorkerStarted,
)
from unified_test_runner.light import dataclass
from unified_test_runner.model import EntryKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unified_test_runner.events.base import Event

LOG_VERSION = 1

EVENT_TYPES: tuple[type[Event], ...] = (
    RunStarted, PlanMade, ServiceStarting, ServiceReady, ServiceFailed, ServiceStopped,
    NamespaceOpened, TemplateReady, WorkerStarted, WorkerReady, ForecastDiffered, UnitStarted,
    UnitCollected, UnitSplit, UnitFinished, TestStarted, TestFinished, LateErrorRecorded,
    LeakFound, WarningRecorded, PluginsTold, StacksShown, NoticeGiven, ErrorRaised,
    WorkerRecycled, WorkerExited,
    CoverageMeasured, RunInterrupted, RunFinished,
)  # fmt: skip
# Made once: `json.dumps` with options makes one for every call.
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_quoted = json.encoder.encode_basestring_ascii
_BY_KIND: Mapping[str, type[Event]] = {cls.kind: cls for cls in EVENT_TYPES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """An event with its place in the run. `t_mono`: seconds since the run began."""

    seq: int
    t_mono: float
    event: Event


def encode(stamped: Stamped) -> str:
    """Return one line of the log, without the newline; pure ASCII, so any reader can read it."""
    head = {"v": LOG_VERSION, "seq": stamped.seq, "t_mono": round(stamped.t_mono, 6)}
    return _ENCODER.encode({**head, "kind": stamped.event.kind, **to_plain(stamped.event)})


def encode_each(stamped: Stamped, passed: TestsPassed) -> list[str]:
    """Return the lines of tests that passed in a row: of each its own `TestFinished`.

    By hand, in a tenth of the time that `encode` takes: the fields are always the same.
    """
    category = "" if passed.category is None else f'"category":{_quoted(passed.category)},'
    before = f',"t_mono":{round(stamped.t_mono, 6)!r},"kind":"{passed.kind}",'
    before += f'"worker":{passed.worker},"nodeid":'
    between = f',"suite":{_quoted(passed.suite)},"outcome":"{Outcome.PASSED.value}","duration_s":'
    place = f'"entry":"{EntryKind.TEST.value}",{category}"path":{_quoted(passed.path)},"line":'
    tests = zip(
        passed.nodeids, passed.lines, passed.classnames, passed.names, passed.measured, strict=True
    )
    return [
        f'{{"v":{LOG_VERSION},"seq":{seq}{before}{_quoted(nodeid)}{between}'
        f'{duration_s!r},"passed":[{setup_s!r},{call_s!r},{teardown_s!r}],'
        f'{place}{line},"classname":{_quoted(classname)},"name":{_quoted(name)},'
        f'"cpu_s":{cpu_s!r},"rss_before_bytes":{rss_before},'
        f'"rss_after_bytes":{rss_after},"peak_rss_bytes":{peak}}}'
        for seq, (
            nodeid,
            line,
            classname,
            name,
            (duration_s, cpu_s, rss_before, rss_after, peak, setup_s, call_s, teardown_s),
        ) in enumerate(tests, start=stamped.seq)
    ]


def decode(line: str) -> Stamped | None:
    """Return the event of one log line, or None for a kind this version does not know.

    Raises:
        ValueError: the line is no event of ours.
    """
    try:
        plain: Any = json.loads(line)
        cls = _BY_KIND.get(plain["kind"])
        if cls is None:
            return None
        seq, t_mono = from_plain(int, plain["seq"]), from_plain(float, plain["t_mono"])
        return Stamped(seq=seq, t_mono=t_mono, event=from_plain(cls, plain))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not an event: {error}: {line[:120]!r}") from error
