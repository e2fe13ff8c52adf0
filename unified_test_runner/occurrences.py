"""Tells tests of the same name apart: which of its name each one is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

#: A worker may still be busy with a file of a repetition when others are ahead of it, by one
#: repetition for each worker at most.
_REPETITIONS_KEPT = 512


class Occurrences:
    """How often each node id was there, in each repetition of a run."""

    def __init__(self) -> None:
        self._seen: dict[int, Counter[str]] = {}

    def following(self, nodeid: str, repetition: int) -> int:
        """Return how many of this name were there before, and count one more."""
        seen = self._seen_in(repetition)
        seen[nodeid] += 1
        return seen[nodeid] - 1

    def latest(self, nodeid: str, repetition: int) -> int:
        """Return which of its name was there last; 0 where none was."""
        return max(self._seen_in(repetition)[nodeid] - 1, 0)

    def are_first(self, nodeids: Collection[str], repetition: int) -> bool:
        """Count these if each is the first of its name; returns whether they are."""
        seen = self._seen_in(repetition)
        if len({*nodeids}) < len(nodeids) or not seen.keys().isdisjoint(nodeids):
            return False
        seen.update(nodeids)
        return True

    def _seen_in(self, repetition: int) -> Counter[str]:
        if repetition not in self._seen:
            self._seen.pop(repetition - _REPETITIONS_KEPT, None)
        return self._seen.setdefault(repetition, Counter())
