"""What every event has."""

from __future__ import annotations

from typing import ClassVar

from unified_test_runner.light import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events; `kind` names it in the log."""

    kind: ClassVar[str] = ""
