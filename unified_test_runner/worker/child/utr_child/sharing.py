"""Which tests of the file in hand another worker may run instead, decided between two tests.

The runner asks on behalf of a worker that has nothing to do. A question stands until there
is something to give or the file ends.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

#: The other worker imports the file again: what it takes over must cost more than so many
#: times that, and more than this on top, which is what telling it takes.
_COLLECTIONS = 1.5
_TELLING_S = 0.02

#: Marks by which tests say that they need others of their file in the same process.
_TOGETHER = ("xdist_group", "dependency", "depends", "incremental")
#: Fixtures of these scopes may hold what several tests share, by how a file may be divided.
_SHARED = {"auto": ("class", "module", "package"), "class": ("module", "package"), "test": ()}
#: Fixtures of such a scope that hold nothing: module and name.
_EMPTY = {("anyio.pytest_plugin", "anyio_backend")}


class Share:
    """What is known of the file in hand: its tests, what they share and what they cost.

    Args:
        items: all tests of the file.
        collect_s: how long it took to collect them.
        reason: why they must not be divided, if that is known.
    """

    def __init__(self, items: list[pytest.Item], collect_s: float, reason: str = "") -> None:
        self.items = items
        self.collect_s = collect_s
        self._spent_s = 0.0
        self._tests = 0
        self._reasons = dict.fromkeys(_SHARED, reason) if reason else {}
        self._late: dict[str, str] = {}
        self._how = ""
        self._is_first = True

    def begin(self) -> list[pytest.Item]:
        """The runner has handed the file out, or a part of it; returns all its tests."""
        self._how = ""
        self._is_first = True
        return self.items

    def ask(self, how: str) -> None:
        """Somebody could take tests; `how` is what the catalogue says of dividing the file."""
        self._how = how

    def add(self, duration_s: float, phases: list[dict[str, Any]]) -> None:
        """A test of the file has run for so long."""
        if self._is_first and phases and phases[0]["when"] == "setup":
            # May stand for a whole session's fixtures, which later tests find ready.
            duration_s -= phases[0]["duration_s"]
        self._is_first = False
        self._spent_s += duration_s
        self._tests += 1

    def note(self, fixturedef: Any, request: Any) -> None:
        """A fixture is set up: perhaps one that a test asked for while it ran."""
        scope = fixturedef.scope
        if scope in _SHARED["auto"] and not _holds_nothing(request._pyfuncitem, fixturedef):
            self._late.setdefault(scope, fixturedef.argname)

    def answer(self, index: int, stop: int) -> tuple[int, str]:
        """Return from where on tests are given away, or why they never will be.

        Args:
            index: the test that is about to run here.
            stop: where this worker's part of the file ends.

        Returns:
            `stop` and no reason where the question stays open.
        """
        how = self._how
        if not how:
            return stop, ""
        if how not in self._reasons:
            self._reasons[how] = self._why_whole(how)
        reason = self._reasons[how] or self._why_late(how)
        if reason:
            self._how = ""
            return stop, reason
        cut = self._cut(how, index, stop)
        if cut < stop and self._is_worth(stop - cut):
            self._how = ""
            return cut, ""
        return stop, ""

    def _is_worth(self, tests: int) -> bool:
        if not self._tests:
            return False
        cost_s = tests * self._spent_s / self._tests
        return cost_s > _COLLECTIONS * self.collect_s + _TELLING_S

    def _cut(self, how: str, index: int, stop: int) -> int:
        """Return where the second half of what is left begins; `stop` where there is none."""
        middle = index + 1 + (stop - index - 1) // 2 if stop - index > 1 else stop
        if how != "class":
            return middle
        cuts = [n for n in range(index + 1, stop) if self._is_boundary(n)]
        return min(cuts, key=lambda cut: abs(cut - middle), default=stop)

    def _is_boundary(self, index: int) -> bool:
        before, after = _outermost(self.items[index - 1]), _outermost(self.items[index])
        return after is None or before is not after

    # --- what must stay together

    def _why_whole(self, how: str) -> str:
        """Return why the file must not be divided; nothing if it may be."""
        if len({item.nodeid for item in self.items}) != len(self.items):
            return "two of its tests have the same name"
        if self.items and self.items[0].config.getoption("maxfail", 0):
            return "the run stops at a failure"
        reasons = (self._why_together(item, how) for item in self.items)
        return next(filter(None, reasons), "")

    def _why_together(self, item: pytest.Item, how: str) -> str:
        for name in _TOGETHER:
            if (how == "auto" or name == "xdist_group") and item.get_closest_marker(name):
                return f"{item.nodeid} has the mark {name}"
        scopes = _SHARED[how]
        if not scopes:
            return ""
        info = getattr(item, "_fixtureinfo", None)
        if info is None:
            return f"{item.nodeid} is no function"
        for name, found in info.name2fixturedefs.items():
            for fixturedef in found:
                if fixturedef.scope in scopes and not _holds_nothing(item, fixturedef):
                    return f"{item.nodeid} uses {name}, of scope {fixturedef.scope}"
        return ""

    def _why_late(self, how: str) -> str:
        found = ((scope, self._late[scope]) for scope in _SHARED[how] if scope in self._late)
        return next((f"a test asked for {name}, of scope {scope}" for scope, name in found), "")


def _outermost(item: pytest.Item) -> Any:
    """The class in which a test stands, None for a plain function."""
    found = [node for node in item.listchain() if isinstance(node, pytest.Class)]
    return found[0] if found else None


def _holds_nothing(item: pytest.Item, fixturedef: Any) -> bool:
    """Whether a fixture of wide scope shares nothing between tests."""
    function: Callable[..., Any] = fixturedef.func
    if (getattr(function, "__module__", ""), fixturedef.argname) in _EMPTY:
        return True
    cls = getattr(item, "cls", None)
    # Costly to import, and a project without test cases does not.
    base = getattr(sys.modules.get("unittest"), "TestCase", None)
    is_case = base is not None and isinstance(cls, type) and issubclass(cls, base)
    if fixturedef.argname == "_django_setup_unittest":
        return not is_case
    if fixturedef.argname.startswith("_unittest_setUpClass_fixture") and is_case:
        # Every test case has one; most do nothing.
        return all(
            getattr(getattr(cls, name, None), "__func__", None) is getattr(base, name).__func__
            for name in ("setUpClass", "tearDownClass")
        )
    return False
