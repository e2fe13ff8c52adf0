"""Which modules a worker has loaded by the end of its walk, for a later run to load ahead."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

#: Never loaded ahead, whatever their import shows: they patch, watch or start threads of their
#: own, or they are what runs the tests.
_NEVER = frozenset(
    {"_pytest", "pytest", "pluggy", "iniconfig", "py", "xdist", "execnet", "utr_child"}
    | {"gevent", "eventlet", "twisted", "grpc", "torch", "tensorflow", "jax", "jaxlib"}
    | {"cupy", "ray", "pyspark", "mpi4py", "opentelemetry", "ddtrace", "newrelic", "sentry_sdk"}
    | {"elasticapm", "datadog", "debugpy", "pydevd", "conftest", "sitecustomize", "usercustomize"}
)


def loaded_modules(config: pytest.Config, asked: Iterable[str], root: str) -> list[tuple[str, str]]:
    """Return (name, file) of modules that could be loaded ahead, in the order of their loading.

    Args:
        config: knows the plugins.
        asked: names of what was to be imported, in that order, loaded or not.
        root: project root.
    """
    if "coverage" in sys.modules:  # it counts the lines that an import runs
        return []
    new = {name: sys.modules[name] for name in asked if name in sys.modules}
    places = _Places(root)
    excluded = {*_NEVER, *_plugins(config)}
    excluded |= {_top(name) for name, module in new.items() if not places.hold(module)}
    return [
        (name, getattr(module, "__file__", None) or "")
        for name, module in new.items()
        if _top(name) not in excluded
    ]


def _plugins(config: pytest.Config) -> Iterator[str]:
    """Top-level packages of everything that is registered with pytest."""
    for plugin in config.pluginmanager.get_plugins():
        yield _top(getattr(plugin, "__name__", type(plugin).__module__))


def _top(name: str) -> str:
    return name.partition(".")[0]


class _Places:
    """Where installed packages and the standard library lie."""

    def __init__(self, root: str) -> None:
        scheme = sysconfig.get_paths()
        found = [scheme[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
        found += [*site.getsitepackages(), site.getusersitepackages()]
        self._root = os.path.join(os.path.realpath(root), "")
        self._folders = tuple(os.path.join(os.path.realpath(path), "") for path in found)

    def hold(self, module: Any) -> bool:
        """Whether a module is installed, with asserts as written, and none of the project's."""
        spec = getattr(module, "__spec__", None)
        if type(getattr(spec, "loader", None)).__name__ == "AssertionRewritingHook":
            return False
        file = getattr(module, "__file__", None)
        if file is not None:
            return self._is_installed(str(file))
        if spec is None or spec.origin in {"built-in", "frozen"}:
            return spec is not None or "." in getattr(module, "__name__", "")
        return all(map(self._is_installed, spec.submodule_search_locations or ()))

    def _is_installed(self, path: str) -> bool:
        real = os.path.realpath(path)
        folder = max((each for each in self._folders if real.startswith(each)), key=len, default="")
        is_project = real.startswith(self._root) and not folder.startswith(self._root)
        return bool(folder) and not is_project
