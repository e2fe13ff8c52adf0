"""What pytest and this program cannot work without, looked at after each test.

Only damage that no test can mean to leave is looked for: a closed capture file, a builtin
that is gone, a limit too low to open a file. Whatever else a test changes is the project's
own business, as under plain pytest. Nothing here may rely on what it looks after.
"""

from __future__ import annotations

import builtins
import gc
import logging
import operator
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from .channel import identity
from .originals import resource

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

#: Replaced by debuggers, import tools and fixtures that mean it; tests run without the original.
OPTIONAL = frozenset(
    {"__import__", "_", "breakpoint", "copyright", "credits", "exit", "help", "input"}
    | {"license", "open", "print", "quit"}
)
#: Functions that pytest calls around every test.
_CALLED = (
    (logging, "getLogger"),
    (warnings, "catch_warnings"),
    (gc, "collect"),
    (os, "fstat"),
    (os, "getcwd"),
    (os, "stat"),
)
#: Below these nothing works any more; what lies above may be meant.
_ENOUGH = (
    (resource.RLIMIT_NOFILE, 64, "RLIMIT_NOFILE"),
    (resource.RLIMIT_FSIZE, 1 << 20, "RLIMIT_FSIZE"),
)
_ENOUGH_FRAMES = 400
_PYTEST = ("pytest", "_pytest", "pluggy")

_missing = object()
# By themselves, so that a test which replaces them harms only itself.
_map, _is, _len = map, operator.is_, len
_getattr, _setattr = getattr, setattr
_OSError, _ValueError, _AttributeError = OSError, ValueError, AttributeError


def _are_same(found: Iterable[object], wanted: Iterable[object]) -> bool:
    """Whether these are the same things in the same order, where there are as many."""
    return False not in _map(_is, found, wanted)


class Vitals:
    """Knows how the process was when it was sound."""

    def __init__(self, config: pytest.Config) -> None:
        self._builtins = {k: v for k, v in vars(builtins).items() if k not in OPTIONAL}
        self._present = builtins.__dict__
        self._last_seen = [*self._present.values()]
        self._called = [(owner, name, getattr(owner, name)) for owner, name in _CALLED]
        self._modules = {
            name: module
            for name, module in sys.modules.items()
            if name.partition(".")[0] in _PYTEST
        }
        self._frames = sys.getrecursionlimit()
        self._limits = [
            (which, least, name, resource.getrlimit(which)) for which, least, name in _ENOUGH
        ]
        capture = config.pluginmanager.getplugin("capturemanager")
        self._capture: Any = getattr(capture, "_global_capturing", None)
        self._files = self._captured()

    def repair(self) -> list[str]:
        """Put right what can be, and return what was found wrong."""
        found: list[str] = []
        frames = sys.getrecursionlimit()
        if frames < _ENOUGH_FRAMES and frames < self._frames:
            sys.setrecursionlimit(self._frames)
            found += [f"the recursion limit at {frames}"]
        is_as_long = _len(self._present) == _len(self._last_seen)
        if not (is_as_long and _are_same(self._present.values(), self._last_seen)):
            found += self._restored_builtins()
            self._last_seen = [*self._present.values()]
        for owner, name, value in self._called:
            if owner.__dict__.get(name, _missing) is not value:
                _setattr(owner, name, value)
                found += [owner.__name__ + "." + name + " replaced"]
        if not _are_same(_map(sys.modules.get, self._modules), self._modules.values()):
            for name, module in self._modules.items():
                if sys.modules.get(name, _missing) is not module:
                    sys.modules[name] = module
                    found += ["the module " + name + " removed"]
        return found + self._low_limits() + self._lost_files()

    def _restored_builtins(self) -> list[str]:
        found: list[str] = []
        for name, value in self._builtins.items():
            if self._present.get(name, _missing) is not value:
                self._present[name] = value
                found += ["builtins." + name + " replaced"]
        return found

    def _low_limits(self) -> list[str]:
        found = []
        for which, least, name in _ENOUGH:
            soft, hard = resource.getrlimit(which)
            if 0 <= soft < least:
                resource.setrlimit(which, (hard, hard))
                found += [f"{name} at {soft}"]
        return found

    def _lost_files(self) -> list[str]:
        """Pytest's capture cannot be repaired: its files are gone."""
        now = self._captured()
        return [] if now == self._files else ["the captured output closed or replaced"]

    def _captured(self) -> list[tuple[int, int]]:
        """What pytest's temporary files for output stand for."""
        found = []
        for stream in ("out", "err"):
            capture = _getattr(self._capture, stream, None)
            file = _getattr(capture, "tmpfile", None)
            try:
                found.append(identity(file.fileno()) if file is not None else (0, 0))
            except (_OSError, _ValueError, _AttributeError):
                found.append((-1, -1))
        return found
