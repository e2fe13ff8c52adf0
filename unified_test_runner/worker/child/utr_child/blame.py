"""Which test answers for a fixture that fails to tear down after its file has ended.

Under plain pytest it is the last test of all. Here that would be whichever test a worker
happened to run last, so it is the test for which the fixture was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _pytest.fixtures import FixtureDef

if TYPE_CHECKING:
    from types import TracebackType

    import pytest

#: Fixtures of narrower scope are torn down with the last test that uses them.
_LONG_LIVED = ("session", "package")


class Blame:
    """Remembers for whom long-lived fixtures were made."""

    def __init__(self) -> None:
        self._makers: dict[Any, pytest.Item] = {}

    def note(self, fixturedef: Any, request: Any) -> None:
        """A fixture is set up."""
        if fixturedef.scope in _LONG_LIVED:
            self._makers[fixturedef] = request._pyfuncitem

    def is_any_alive(self) -> bool:
        """Whether a long-lived fixture, other than pytest's own, is set up."""
        return any(
            fixture.cached_result is not None and not _is_pytests_own(fixture)
            for fixture in self._makers
        )

    def answers(self, error: BaseException, otherwise: pytest.Item) -> pytest.Item:
        """Return the test to which a fault of teardown belongs."""
        while getattr(error, "exceptions", ()):  # several at once: the first stands for all
            error = error.exceptions[0]  # type: ignore[attr-defined]
        for frame in _frames(error.__traceback__):
            culprit = frame.f_locals.get("self") if frame.f_code.co_name == "finish" else None
            if isinstance(culprit, FixtureDef) and culprit in self._makers:
                return self._makers[culprit]
        return otherwise


def _is_pytests_own(fixture: Any) -> bool:
    return str(getattr(fixture.func, "__module__", "")).startswith("_pytest.")


def _frames(traceback: TracebackType | None) -> list[Any]:
    found = []
    while traceback is not None:
        found.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return found
