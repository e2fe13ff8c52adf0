"""Version requirements such as `>=15,<18`, compared number by number."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPERATORS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)\s*")


def satisfies(version: str, requirement: str) -> bool:
    """Whether `version` meets every clause of `requirement`.

    Only as many numbers as a clause names are compared, so that `==15` holds for 15.9 and
    `>15` means 16 at least.

    Raises:
        ValueError: the requirement is not understood.
    """
    numbers = _numbers(version)
    for clause in requirement.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise ValueError(f"{clause.strip()!r} is no version requirement such as '>=15'")
        wanted = _numbers(match[2])
        found = (numbers + (0,) * len(wanted))[: len(wanted)]
        if not _OPERATORS[match[1]](found, wanted):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match.group().split(".")) if match else ()
