"""Tests of a file that failed last time: only these, these first, or from one of them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest


def recalled(items: list[pytest.Item], mode: str, names: Sequence[str]) -> list[pytest.Item]:
    """Return the tests to run, in order.

    Where none of `names` (node ids inside of the file; empty: the file itself) is there any
    more, all tests are: what became of the one that failed nobody can tell.
    """
    wanted = frozenset(names)
    places = [place for place, item in enumerate(items) if _inner(item) in wanted]
    if not places or "" in wanted:
        return items
    if mode == "only":
        return [items[place] for place in places]
    if mode == "first":
        return sorted(items, key=lambda item: _inner(item) not in wanted)
    return items[places[0] :] if mode == "from" else items


def _inner(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[2]
