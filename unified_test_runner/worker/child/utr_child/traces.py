"""What an import may change in a process that a test could see afterwards.

Reads of the environment are seen where they go through `os.environ` or `os.getenv`; what C
code reads with its own `getenv` is not.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import io
import locale
import logging
import os
import random
import select
import signal
import socket
import sys
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

#: Modules whose functions are worth patching.
_PATCHED = (
    builtins, contextlib, gc, importlib, io, locale, logging, os, random, select, signal, socket,
    sys, threading, time, warnings,
)  # fmt: skip


def running_threads() -> int:
    """How many threads this process has, those included that Python does not know of."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def _open_files() -> object:
    try:
        return sorted(os.listdir("/proc/self/fd"))
    except OSError:
        return None


def _logging() -> object:
    root = logging.getLogger()
    factories = (logging.getLoggerClass(), logging.getLogRecordFactory())
    return root.level, root.disabled, [*root.handlers], [*root.filters], factories


def _hooks() -> object:
    hooks = (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook)
    return hooks, sys.gettrace(), sys.getprofile(), sys.stdin, sys.stdout, sys.stderr


def _functions() -> object:
    # Hooks have a place of their own, and whoever records warnings replaces what shows them.
    return [
        (module.__name__, name, value)
        for module in _PATCHED
        for name, value in vars(module).items()
        if callable(value) and not name.endswith("hook") and "showwarn" not in name
    ]


def _umask() -> object:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


_LOOKED_AT: dict[str, Callable[[], object]] = {
    "sys.path": lambda: [*sys.path],
    "import hooks": lambda: ([*sys.meta_path], [*sys.path_hooks]),
    "the environment": lambda: dict(os.environ._data),  # type: ignore[attr-defined]
    "warning filters": lambda: [*warnings.filters],
    "signal handlers": lambda: [(n, signal.getsignal(n)) for n in signal.valid_signals()],
    "the locale": lambda: (locale.setlocale(locale.LC_ALL), time.tzname),
    "the working directory": os.getcwd,
    "the umask": _umask,
    "logging": _logging,
    "interpreter hooks": _hooks,
    "standard functions": _functions,
    "the garbage collector": lambda: (gc.isenabled(), gc.get_threshold(), len(gc.callbacks)),
    "interpreter limits": lambda: (sys.getrecursionlimit(), sys.getswitchinterval()),
    "the default socket timeout": socket.getdefaulttimeout,
    "open files": _open_files,
    "running threads": running_threads,
}


#: What an import may rely on, and neither pytest nor its plugins change on their way to it.
SURROUNDINGS = (
    "the locale", "the working directory", "the umask", "standard functions",
    "interpreter limits", "the default socket timeout",
)  # fmt: skip


class Traces:
    """How the process is now.

    Args:
        names: what to look at.
    """

    def __init__(self, names: Collection[str] = tuple(_LOOKED_AT)) -> None:
        self._modules = dict(sys.modules)
        self._states = {name: _LOOKED_AT[name]() for name in names}

    def changes(self) -> list[str]:
        """Name what is different by now; new modules do not count."""
        found = [name for name, state in self._states.items() if _LOOKED_AT[name]() != state]
        is_replaced = any(sys.modules.get(n) is not m for n, m in self._modules.items())
        return [*found, "modules loaded before"] if is_replaced else found


@contextlib.contextmanager
def read_variables() -> Iterator[dict[str, str | None]]:
    """Collect the variables that are read meanwhile, with the values they had.

    Where all of them were looked at, `*` is one of the names.
    """
    found: dict[str, str | None] = {}
    kind: Any = type(os.environ)

    class Recording(kind):  # type: ignore[misc]
        def __getitem__(self, key: Any) -> Any:
            name = os.fsdecode(key)
            found[name] = None
            value = super().__getitem__(key)
            found[name] = os.fsdecode(value)
            return value

        def __iter__(self) -> Iterator[Any]:
            found["*"] = None
            return super().__iter__()  # type: ignore[no-any-return]

    mappings: list[Any] = [os.environ, os.environb]
    for mapping in mappings:
        mapping.__class__ = Recording
    try:
        yield found
    finally:
        for mapping in mappings:
            mapping.__class__ = kind
