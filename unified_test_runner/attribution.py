"""Which selector of the command line an entry of the results answers. Pure.

A selector is an (option, value) pair as the plan names it. Choosing what runs is the
planner's business; this only says afterwards whether each selector led to a test.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from unified_test_runner.entries import Entry
    from unified_test_runner.model import WithheldSuite


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmetSelector:
    """A selector without an executed test; `flags` would run suites withheld from it."""

    option: str
    value: str
    flags: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = self.value if self.option == "PATH" else f"{self.option} {self.value}"
        advice = f" (withheld; add {' '.join(self.flags)})" if self.flags else ""
        return f"{shown} led to no executed test{advice}"


@functools.lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a test pattern: `*` and `?` only, case-sensitive, no wildcard means `*p*`."""
    if not any(wildcard in pattern for wildcard in "*?"):
        pattern = f"*{pattern}*"
    pieces = {"*": ".*", "?": "."}
    return re.compile("".join(pieces.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def unmet_selectors(
    selectors: Iterable[tuple[str, str]],
    executed: Callable[[], Iterable[Entry]],
    withheld: Iterable[WithheldSuite],
) -> tuple[UnmetSelector, ...]:
    """Return the selectors to which no executed entry belongs, in the order given.

    `executed` gives these entries; the first ones mostly answer.
    """
    suites = tuple(withheld)
    unmet = []
    for option, value in selectors:
        if any(map(_entry_test(option, value), executed())):
            continue
        flags = {suite.flag: None for suite in suites if _is_withheld(option, value, suite)}
        unmet.append(UnmetSelector(option=option, value=value, flags=tuple(flags)))
    return tuple(unmet)


def _entry_test(option: str, value: str) -> Callable[[Entry], bool]:
    if option in {"--category", "-c"}:
        return lambda entry: entry.category == value
    if option == "--suite":
        return lambda entry: entry.suite == value
    if option == "--test-pattern":
        matches = compile_pattern(value).fullmatch
        return lambda entry: any(map(matches, (entry.suite, entry.path, entry.nodeid)))
    if option == "PATH":
        return _path_test(value)
    # An expression such as -k only pytest can judge: any executed test answers it.
    return lambda _entry: True


def _path_test(value: str) -> Callable[[Entry], bool]:
    wanted, separator, inside = value.removeprefix("./").partition("::")
    wanted = wanted.rstrip("/")
    if wanted in {"", "."}:
        return lambda _entry: True

    def answers(entry: Entry) -> bool:
        if not separator:
            return entry.path == wanted or entry.path.startswith(f"{wanted}/")
        below = entry.nodeid.partition("::")[2]
        is_below = below == inside or below.startswith((f"{inside}::", f"{inside}["))
        # A file that failed as a whole answers for everything asked of it.
        return entry.path == wanted and (is_below or not below)

    return answers


def _is_withheld(option: str, value: str, suite: WithheldSuite) -> bool:
    if option in {"--category", "-c"}:
        return suite.category == value
    if option == "--suite":
        return suite.name == value
    if option == "--test-pattern":
        return compile_pattern(value).fullmatch(suite.name) is not None
    # The plan names no files of withheld suites; a path without a test was probably theirs.
    return option == "PATH"
