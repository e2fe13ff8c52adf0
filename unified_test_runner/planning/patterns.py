"""`--test-pattern`: one glob over suite name, path and node id. Pure text, no file system.

`*` is any text, `/` and `::` included; `?` is any one character; everything else, `[` too,
is literal; case counts. A pattern without `*` and `?` may stand anywhere: `*pattern*`.
"""

from __future__ import annotations

import difflib
import functools
import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_WILD = re.compile(r"[*?]")
_BREAKS = re.compile(r"[*?\[\]/]|::")


def has_wildcard(pattern: str) -> bool:
    """Whether `pattern` has `*` or `?`."""
    return bool(_WILD.search(pattern))


def widened(pattern: str) -> str:
    """Return `pattern`, or `*pattern*` where it has no wildcard; runs of `*` become one."""
    text = pattern if has_wildcard(pattern) else f"*{pattern}*"
    return re.sub(r"\*+", "*", text)


def translate(pattern: str) -> str:
    r"""Return the regular expression of `pattern`, anchored at both ends (`\A`, `\Z`).

    `re.search`, `re.match` and `re.fullmatch` give the same answer for it.
    """
    # Each `*` but the last takes as little as it can and never gives back: what follows is
    # found at its first place, so that no pattern can make matching take exponential time.
    first, *rest = widened(pattern).split("*")
    if not rest:
        return rf"(?s:\A{_literal(first)}\Z)"
    *inner, last = rest
    # Names that differ from pattern to pattern, so that several can be joined by `|`.
    name = f"_{zlib.crc32(pattern.encode('utf-8', 'surrogatepass')):08x}"
    steps = "".join(_first_place(part, f"{name}_{n}") for n, part in enumerate(inner))
    return rf"(?s:\A{_literal(first)}{steps}.*{_literal(last)}\Z)"


def _literal(text: str) -> str:
    return "".join("." if char == "?" else re.escape(char) for char in text)


def _first_place(part: str, name: str) -> str:
    # Python 3.10 has no atomic groups: a captured lookahead, repeated, is one.
    return rf"(?=(?P<{name}>.*?{_literal(part)}))(?P={name})"


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` matches."""
    return bool(_compiled(pattern).search(text))


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def is_written(pattern: str, text: str) -> bool:
    """Whether each literal stretch of `pattern` stands somewhere in `text`.

    Brackets and `::` divide stretches too: pytest writes them, not the author of a test.
    """
    return all(stretch in text for stretch in _BREAKS.split(pattern) if stretch)


def can_complete(pattern: str, prefix: str, ending: str) -> bool:
    """Whether some text that begins with `prefix` and ends, beyond it, with `ending` matches.

    `ending` is one character or none; none means that nothing need follow `prefix`.
    """
    text = widened(pattern)
    states = {0}
    for char in prefix:
        states = _step(text, states, char)
        if not states:
            return False
    if not ending:
        return True  # any rest of a pattern is matched by some text
    return any(_can_end(text[state:], ending) for state in _closure(text, states))


def _closure(text: str, states: Iterable[int]) -> set[int]:
    found = set()
    for start in states:
        state = start
        found.add(state)
        while state < len(text) and text[state] == "*":
            state += 1
            found.add(state)
    return found


def _step(text: str, states: set[int], char: str) -> set[int]:
    after = set()
    for state in _closure(text, states):
        if state < len(text):
            if text[state] == "*":
                after.add(state)
            elif text[state] in {"?", char}:
                after.add(state + 1)
    return after


def _can_end(rest: str, ending: str) -> bool:
    return bool(rest) and (rest[-1] in {"*", "?", ending})


def nearest(pattern: str, names: Iterable[str]) -> list[str]:
    """Return up to three of `names` that `pattern` may have meant, best first."""
    wanted = _WILD.sub("", pattern).casefold()
    known = list(dict.fromkeys(names))
    if not wanted:
        return []
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(name.casefold(), name)
    inside = [name for low, name in folded.items() if wanted in low]
    close = difflib.get_close_matches(wanted, folded, n=3, cutoff=0.6)
    return list(dict.fromkeys((*inside[:3], *(folded[low] for low in close))))[:3]
