"""What test modules see of the process while they are imported.

Plain pytest imports every module before the first test runs. Here a file is imported after
other files have run, so what their tests did to the working directory, the import path and
the environment is set aside for that moment.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from . import originals
from .vitals import OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = TypeVar("Key")
_BUILTINS = vars(builtins)


class CollectionView:
    """Directory, import path, environment and functions of `os` as collection left them."""

    def take(self) -> None:
        """Remember the present as what collection sees from now on."""
        self._folder = originals.os.getcwd()
        self._path = list(sys.path)
        self._environ = dict(os.environ)
        self._functions = _functions()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Show the view; afterwards tests find what they left, and what imports have added."""
        path, environ, theirs = list(sys.path), dict(os.environ), _functions()
        try:
            folder = originals.os.getcwd()
        except FileNotFoundError:  # a test removed the directory it had changed to
            folder = self._folder
        before_path, before_environ = self._path, self._environ
        before_functions = self._functions
        _replace(before_functions)
        originals.os.chdir(self._folder)
        sys.path[:] = self._path
        become(self._environ)
        try:
            yield
        finally:
            self.take()
            _replace({**theirs, **_difference(before_functions, self._functions)})
            added = [entry for entry in self._path if entry not in before_path]
            sys.path[:] = [*(entry for entry in added if entry not in path), *path]
            become({**environ, **_difference(before_environ, self._environ)})
            with contextlib.suppress(OSError):
                originals.os.chdir(folder)


def _functions() -> dict[tuple[Any, str], Any]:
    """What imports call and a test may replace, such as `open` and `os.listdir`."""
    optional = {(builtins, name): value for name, value in _BUILTINS.items() if name in OPTIONAL}
    for module in (os, io):
        optional.update(
            ((module, name), value) for name, value in vars(module).items() if callable(value)
        )
    return optional


def _replace(functions: dict[tuple[Any, str], Any]) -> None:
    for (module, name), value in functions.items():
        vars(module)[name] = value


def _difference(before: dict[Key, Any], after: dict[Key, Any]) -> dict[Key, Any]:
    return {name: value for name, value in after.items() if before.get(name) != value}


def become(wanted: dict[str, str]) -> None:
    """Change the environment in place, touching only what differs."""
    for name in [name for name in os.environ if name not in wanted]:
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
