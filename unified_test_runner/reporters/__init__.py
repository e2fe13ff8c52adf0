"""Reporters: each shows or writes the events of a run in one form; none decides anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.reporters.base import Reporter, ReporterSettings, Ticking

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Reporter", "ReporterSettings", "Ticking", "make_reporters"]


def make_reporters(settings: ReporterSettings) -> list[Reporter]:
    """Return the reporters that `settings` ask for, the log first and the console last.

    Raises:
        RunDirectoryError: the event log cannot be opened.
    """
    return [reporter for make in _MAKERS if (reporter := make(settings)) is not None]


# Each imports late what only it needs: a run without a report must not pay for it.


def _event_log(settings: ReporterSettings) -> Reporter | None:
    if settings.events_path is None:
        return None
    from unified_test_runner.reporters.log import EventLog

    return EventLog(settings.events_path)


def _junit(settings: ReporterSettings) -> Reporter | None:
    if settings.junit_path is None:
        return None
    from unified_test_runner.reporters.junit import JUnitReport

    return JUnitReport(settings.junit_path)


def _json(settings: ReporterSettings) -> Reporter | None:
    if settings.json_path is None:
        return None
    from unified_test_runner.reporters.json_report import JsonReport

    return JsonReport(settings.json_path)


def _console(settings: ReporterSettings) -> Reporter | None:
    if settings.is_live:
        from unified_test_runner.reporters.console.live import LiveConsole

        return LiveConsole(settings)
    from unified_test_runner.reporters.console.plain import PlainConsole

    return PlainConsole(settings)


# Files before the console: what the console says last must not be followed by a surprise.
_MAKERS: tuple[Callable[[ReporterSettings], Reporter | None], ...] = (
    _event_log,
    _junit,
    _json,
    _console,
)
