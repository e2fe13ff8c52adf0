"""What test modules see of the process while they are imported.

Plain pytest imports every module before the first test runs. Here a file is imported after
other files have run, so what their tests did to the working directory, the import path and
the environment is set aside for that moment.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class CollectionView:
    """Working directory, import path and environment as collection left them."""

    def take(self) -> None:
        """Remember the present as what collection sees from now on."""
        self._folder = os.getcwd()
        self._path = list(sys.path)
        self._environ = dict(os.environ)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Show the view; afterwards tests find what they left, and what imports have added."""
        path, environ = list(sys.path), dict(os.environ)
        try:
            folder = os.getcwd()
        except FileNotFoundError:  # a test removed the directory it had changed to
            folder = self._folder
        before_path, before_environ = self._path, self._environ
        os.chdir(self._folder)
        sys.path[:] = self._path
        become(self._environ)
        try:
            yield
        finally:
            self.take()
            added = [entry for entry in self._path if entry not in before_path]
            sys.path[:] = [*(entry for entry in added if entry not in path), *path]
            become({**environ, **_difference(before_environ, self._environ)})
            with contextlib.suppress(OSError):
                os.chdir(folder)


def _difference(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in after.items() if before.get(name) != value}


def become(wanted: dict[str, str]) -> None:
    """Change the environment in place, touching only what differs."""
    for name in [name for name in os.environ if name not in wanted]:
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
