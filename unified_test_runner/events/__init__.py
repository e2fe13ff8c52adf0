"""What happens during a run, as data: the one product every report is a replay of.

Events are past tense and frozen. A log line is the event's fields beside `v` (version of
this format), `seq` (1, 2, 3 …), `t_mono` (seconds since the run began, monotonic) and
`kind`. Readers ignore kinds and fields they do not know.
"""

from __future__ import annotations

from unified_test_runner.events.base import Event
from unified_test_runner.events.coverage import CoverageMeasured, Covered, FileCovered
from unified_test_runner.events.log import (
    EVENT_TYPES,
    LOG_VERSION,
    Stamped,
    decode,
    encode,
    encode_each,
)
from unified_test_runner.events.run import (
    ErrorRaised,
    NoticeGiven,
    PlanMade,
    PlannedSuite,
    RunFinished,
    RunInterrupted,
    RunStarted,
    WallTime,
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

__all__ = [
    "EVENT_TYPES",
    "LOG_VERSION",
    "CoverageMeasured",
    "Covered",
    "ErrorRaised",
    "Event",
    "FileCovered",
    "ForecastDiffered",
    "LateErrorRecorded",
    "LeakFound",
    "NamespaceOpened",
    "NoticeGiven",
    "PlanMade",
    "PlannedSuite",
    "PluginsTold",
    "RunFinished",
    "RunInterrupted",
    "RunStarted",
    "ServiceFailed",
    "ServiceReady",
    "ServiceStarting",
    "ServiceStopped",
    "StacksShown",
    "Stamped",
    "TemplateReady",
    "TestFinished",
    "TestStarted",
    "TestsPassed",
    "UnitCollected",
    "UnitFinished",
    "UnitSplit",
    "UnitStarted",
    "WallTime",
    "WarningRecorded",
    "WorkerExited",
    "WorkerReady",
    "WorkerRecycled",
    "WorkerStarted",
    "decode",
    "encode",
    "encode_each",
]
