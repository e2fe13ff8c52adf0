"""From pytest's report objects to plain data, and readings of the process's own use."""

from __future__ import annotations

import contextlib
import functools
import math
import sys
from typing import Any, NamedTuple

import pytest

from . import wire
from .originals import os, resource

#: Set-up, call and teardown of a test that has nothing to say, by the keys of `phase`.
_PLAIN = [("when", "outcome", "duration_s")] * 3
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: `ru_maxrss` is in KiB on Linux and in bytes on macOS.
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def phase(report: Any, known_sections: int = 0) -> dict[str, Any]:
    """Return one phase of a test, or the collection of a file, as plain data.

    Each report of a test repeats the captured output of the phases before it; the first
    `known_sections` of them are left out.
    """
    plain: dict[str, Any] = {
        "when": getattr(report, "when", None) or "collect",
        "outcome": report.outcome,
        "duration_s": round(getattr(report, "duration", 0.0), 6),
    }
    if hasattr(report, "wasxfail"):
        plain["expected"] = str(report.wasxfail)
    if report.longrepr is not None and not report.passed:
        plain["longrepr"] = wire.shorten(_long_text(report.longrepr))
        plain["message"] = _message(report.longrepr, plain["longrepr"])
    sections = [
        {"title": str(title), "text": wire.shorten(str(text))}
        for title, text in report.sections[known_sections:]
        if text
    ]
    if sections:
        plain["sections"] = sections
    return plain


def _long_text(longrepr: Any) -> str:
    if isinstance(longrepr, tuple):
        path, line, reason = longrepr
        return f"{path}:{line}: {reason}"
    try:
        return str(longrepr)
    except Exception as error:  # noqa: BLE001 - the repr of a user's object may raise anything
        return f"<unprintable: {type(error).__name__}>"


def _message(longrepr: Any, text: str) -> str:
    """Return one line: of a skip's reason or a crash message the first, else the last of all."""
    crash = getattr(longrepr, "reprcrash", None)
    told = longrepr[2] if isinstance(longrepr, tuple) else getattr(crash, "message", None)
    if told is None:  # a fixture that does not exist
        told = getattr(longrepr, "errorstring", None)
    lines = str(text if told is None else told).strip().splitlines()
    if not lines:
        return ""
    # The last line of a traceback bears pytest's mark of the error.
    return (lines[-1].removeprefix("E ").strip() if told is None else lines[0])[:1000]


def told(error: BaseException) -> str:
    """Return an exception's type and text, whatever its own methods do."""
    name = type(error).__name__
    try:
        text = str(error).strip()
    except BaseException:  # noqa: BLE001 - a user's exception may raise anything
        return f"{name}: <unprintable>"
    return f"{name}: {text}" if text else name


def traceback(error: BaseException) -> str:
    """Return pytest's short traceback, or the plain text where pytest itself cannot make one."""
    try:
        return str(pytest.ExceptionInfo.from_exception(error).getrepr(style="short"))
    except BaseException:  # noqa: BLE001 - a test may have broken whatever pytest calls here
        return told(error)


@functools.lru_cache(maxsize=64)
def _from_root(path: str, root: str) -> str:
    """Return a path from the root, with `/`; once for all the tests of a file."""
    with contextlib.suppress(ValueError):
        path = os.path.relpath(path, root)
    return path.replace(os.sep, "/")


def place(item: Any, root: str) -> dict[str, Any]:
    """Return where a test is written: path from the project root, line from 1, names."""
    path, line, domain = item.location
    path = _from_root(os.path.join(item.config.rootpath, path), root)
    own = _from_root(str(item.path), root)
    if path != own:  # written elsewhere and inherited: the file that runs it is its address
        path, line = own, None
    classname, _, name = domain.rpartition(".")
    return {
        "path": path,
        "line": (line or 0) + 1 if line is not None else 0,
        "classname": classname,
        "name": item.name or name,
    }


def passed(phases: list[dict[str, Any]]) -> list[float] | None:
    """Return how long each phase took of a test that passed without a word; else None."""
    if [tuple(phase) for phase in phases] == _PLAIN and all(
        phase["outcome"] == "passed" for phase in phases
    ):
        took = [phase["duration_s"] for phase in phases]
        return took if math.isfinite(sum(took)) else None
    return None


def time_limit(item: Any) -> float | None:
    """Return the seconds of a `timeout` mark; None without one.

    Where pytest-timeout is installed the mark is its business, as under plain pytest.
    """
    if item.config.pluginmanager.hasplugin("timeout"):
        return None
    mark = item.get_closest_marker("timeout")
    if mark is None:
        return None
    value = mark.args[0] if mark.args else mark.kwargs.get("timeout")
    return float(value) if isinstance(value, (int, float)) and value > 0 else None


def properties(item: Any) -> dict[str, list[list[str]]]:
    """Return the user properties of a test as pairs of text; nothing where it has none."""
    found = getattr(item, "user_properties", ())
    return {"properties": [_pair(key, value) for key, value in found]} if found else {}


def _pair(key: object, value: object) -> list[str]:
    try:
        return [str(key), str(value)]
    except Exception as error:  # noqa: BLE001 - the repr of a user's object may raise anything
        return [f"<{type(error).__name__}>", ""]


class Reading(NamedTuple):
    """What a process has used so far, and holds now."""

    cpu_s: float
    rss_bytes: int
    peak_bytes: int


def _processor_s(used: Any) -> float:
    return float(used.ru_utime + used.ru_stime)


class Meter:
    """Readings of this process: processor time with its children, memory now and at peak."""

    def __init__(self) -> None:
        self._statm = -1
        if os.path.exists("/proc/self/statm"):
            from .channel import move_high

            self._statm = move_high(os.open("/proc/self/statm", os.O_RDONLY))

    def read(self) -> Reading:
        """Return everything at once."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = _processor_s(used) + _processor_s(reaped)
        return Reading(cpu_s, self.rss_bytes(), used.ru_maxrss * _PEAK_UNIT)

    def rss_bytes(self) -> int:
        """Resident set now; the peak where the platform has no cheap reading."""
        if self._statm < 0:
            return self.peak_bytes()
        try:
            return int(os.pread(self._statm, 128, 0).split()[1]) * _PAGE
        except (OSError, ValueError, IndexError):  # a test closed or replaced the descriptor
            self._statm = -1
            return self.peak_bytes()

    def peak_bytes(self) -> int:
        """High-water mark of the resident set since the process began."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT


def broken_phase(error: BaseException, *, is_end: bool) -> dict[str, Any]:
    """Return the phase of a test out of which something tried to end the session."""
    if is_end:
        message = f"the test raised {type(error).__name__}, which would end the whole session"
        longrepr = told(error)
    else:
        message = f"a plugin failed: {told(error)}"
        longrepr = traceback(error)
    return {
        "when": "call",
        "outcome": "error",
        "duration_s": 0.0,
        "message": message.splitlines()[0],
        "longrepr": wire.shorten(longrepr),
    }
