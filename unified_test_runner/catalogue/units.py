"""Durations and sizes as people write them: a number and its unit, never a bare number."""

from __future__ import annotations

import re

_DURATIONS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "kB": 10**3, "MB": 10**6}
_SIZES["GB"] = 10**9
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", re.ASCII)


def parse_duration(text: str) -> float:
    """Return seconds of e.g. `60s`, `1.5m`, `250ms`.

    Raises:
        ValueError: not a number followed by ms, s, m or h; the message says so.
    """
    return _parse(text, _DURATIONS, "a duration such as 60s or 1.5m")


def parse_size(text: str) -> int:
    """Return bytes of e.g. `512MiB`, `2GB`.

    Raises:
        ValueError: not a number followed by a unit of size; the message says so.
    """
    return int(_parse(text, _SIZES, "a size such as 512MiB"))


def _parse(text: str, units: dict[str, float] | dict[str, int], wanted: str) -> float:
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or found[2] not in units:
        known = ", ".join(units)
        raise ValueError(f"'{text}' is not {wanted} (units: {known})")
    return float(found[1]) * units[found[2]]
