"""Events as lines of a log, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unified_test_runner.codec import from_plain, to_plain
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
    TemplateReady,
    UnitCollected,
    UnitFinished,
    UnitStarted,
    WorkerExited,
    WorkerReady,
    WorkerRecycled,
    WorkerStarted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unified_test_runner.events.base import Event

LOG_VERSION = 1

EVENT_TYPES: tuple[type[Event], ...] = (
    RunStarted, PlanMade, ServiceStarting, ServiceReady, ServiceFailed, ServiceStopped,
    NamespaceOpened, TemplateReady, WorkerStarted, WorkerReady, ForecastDiffered, UnitStarted,
    UnitCollected, UnitFinished, TestStarted, TestFinished, LateErrorRecorded, LeakFound,
    WarningRecorded, NoticeGiven, ErrorRaised, WorkerRecycled, WorkerExited,
    RunInterrupted, RunFinished,
)  # fmt: skip
# Made once: `json.dumps` with options makes one for every call.
_ENCODER = json.JSONEncoder(separators=(",", ":"))
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
