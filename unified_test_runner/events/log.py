"""Events as lines of a log, and back."""

from __future__ import annotations

import json
from math import isfinite
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    short = _HOT.get(type(stamped.event))
    line = None if short is None else short(stamped)
    if line is not None:
        return line
    head = {"v": LOG_VERSION, "seq": stamped.seq, "t_mono": round(stamped.t_mono, 6)}
    return _ENCODER.encode({**head, "kind": stamped.event.kind, **to_plain(stamped.event)})


# Two events of every three are a test's start or its uneventful end. They are written by hand,
# in a third of the time; the fields that such a test has are all there are.


def _started(stamped: Stamped) -> str | None:
    event: Any = stamped.event
    if event.occurrence or event.attempt != 1 or event.repetition != 1:
        return None
    if event.is_in_order or event.is_context:
        return None
    return (
        f'{{"v":{LOG_VERSION},"seq":{stamped.seq},"t_mono":{round(stamped.t_mono, 6)!r},'
        f'"kind":"{event.kind}","worker":{event.worker},"nodeid":{_quoted(event.nodeid)},'
        f'"suite":{_quoted(event.suite)}}}'
    )


def _passed(stamped: Stamped) -> str | None:
    event: Any = stamped.event
    is_plain = (
        event.passed is not None
        and event.attempt == event.repetition == 1
        and not (event.is_in_order or event.is_context)
        and not (event.occurrence or event.phases or event.properties)
        and not (event.reason or event.reproduce)
    )
    if not is_plain:
        return None
    setup_s, call_s, teardown_s = event.passed
    if not isfinite(setup_s + call_s + teardown_s + event.duration_s + event.cpu_s):
        return None
    category = "" if event.category is None else f'"category":{_quoted(event.category)},'
    return (
        f'{{"v":{LOG_VERSION},"seq":{stamped.seq},"t_mono":{round(stamped.t_mono, 6)!r},'
        f'"kind":"{event.kind}","worker":{event.worker},"nodeid":{_quoted(event.nodeid)},'
        f'"suite":{_quoted(event.suite)},"outcome":"{event.outcome.value}",'
        f'"duration_s":{event.duration_s!r},"passed":[{setup_s!r},{call_s!r},{teardown_s!r}],'
        f'"entry":"{event.entry.value}",{category}"path":{_quoted(event.path)},'
        f'"line":{event.line},"classname":{_quoted(event.classname)},'
        f'"name":{_quoted(event.name)},"cpu_s":{event.cpu_s!r},'
        f'"rss_before_bytes":{event.rss_before_bytes},"rss_after_bytes":{event.rss_after_bytes},'
        f'"peak_rss_bytes":{event.peak_rss_bytes}}}'
    )


_HOT: Mapping[type[Event], Callable[[Stamped], str | None]] = {
    TestStarted: _started,
    TestFinished: _passed,
}


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
