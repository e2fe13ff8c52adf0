"""Delta debugging: the smallest part of a sequence that still shows something. Pure.

The algorithm is Zeller and Hildebrandt's `ddmin`: parts are tried, then what remains without
each of them, in ever finer pieces.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def minimise(items: Sequence[T], shows: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """Return items, in their order, that show it together, and no longer without any one of them.

    Args:
        items: which show it together.
        shows: whether some of them do; asked once about the same ones, never about all or none.
    """
    known = {tuple(range(len(items))): True, (): False}

    def check(places: tuple[int, ...]) -> bool:
        if places not in known:
            known[places] = shows(tuple(items[place] for place in places))
        return known[places]

    current, parts = tuple(range(len(items))), 2
    while len(current) > 1:
        pieces = _split(current, min(parts, len(current)))
        rests = [tuple(sorted({*current} - {*piece})) for piece in pieces]
        if (piece := next(filter(check, pieces), None)) is not None:
            current, parts = piece, 2
        elif (rest := next(filter(check, rests), None)) is not None:
            current, parts = rest, max(len(pieces) - 1, 2)
        elif len(pieces) == len(current):
            break
        else:
            parts = 2 * len(pieces)
    return tuple(items[place] for place in current)


def _split(places: tuple[int, ...], parts: int) -> list[tuple[int, ...]]:
    """Return `places` in so many pieces of almost the same length; none is empty."""
    bounds = [len(places) * part // parts for part in range(parts + 1)]
    return [places[start:stop] for start, stop in itertools.pairwise(bounds)]
