"""Collects faults with their places, so that one pass reports all of them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from unified_test_runner.errors import CatalogueError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Place(NamedTuple):
    """A position in the file; both count from 1."""

    line: int
    column: int


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names what `name` may have meant, else what there is; else nothing."""
    names = list(dict.fromkeys(known))
    folded = {each.casefold(): each for each in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    return f"known: {', '.join(names)}" if 0 < len(names) <= 12 else ""  # noqa: PLR2004 - one line


@dataclass(slots=True)
class Faults:
    """The faults of one file. `label` is the path that stands before each of them."""

    label: str
    _found: dict[tuple[Place, str], None] = field(default_factory=dict)

    def add(self, place: Place, message: str, hint: str = "") -> None:
        """Note a fault; the same one at the same place counts once."""
        text = f"{message} (hint: {hint})" if hint else message
        self._found[place, text] = None

    def fail(self, place: Place, message: str, hint: str = "") -> NoReturn:
        """Note a fault beyond which nothing can be said, and end the pass.

        Raises:
            CatalogueError: always.
        """
        self.add(place, message, hint)
        raise self._error()

    def raise_any(self) -> None:
        """End the pass.

        Raises:
            CatalogueError: there is at least one fault; they come in the order of the file.
        """
        if self._found:
            raise self._error()

    def _error(self) -> CatalogueError:
        ordered = sorted(self._found, key=lambda fault: fault[0])
        return CatalogueError([f"{self.at(place)}: {text}" for place, text in ordered])

    def at(self, place: Place) -> str:
        """Return `path:line:column`."""
        return f"{self.label}:{place.line}:{place.column}"
