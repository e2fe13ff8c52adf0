"""What workers of a group load before their first test, remembered from run to run.

A template can then import it once for all of them. Nothing is lost when the file is: the next
run is as the first.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.codec import from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from unified_test_runner.planning.plan import Group

#: In a choice of packages: every one that may be.
EVERY = "*"
#: So many groups are remembered; those learnt longest ago go first.
_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    """A module as it was loaded, with the state of its file (0, 0 without one)."""

    name: str
    file: str = ""
    modified_ns: int = 0
    size_bytes: int = 0

    def is_as_it_was(self) -> bool:
        return self == _looked_at(self.name, self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    """What is known of a group: its modules in order, and the packages that do not do."""

    modules: tuple[_Module, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)


def _looked_at(name: str, file: str) -> _Module:
    if not file:
        return _Module(name=name)
    try:
        status = os.stat(file)  # noqa: PTH116 - a thousand times in a row
    except OSError:
        return _Module(name=name, file=file, modified_ns=-1)
    return _Module(name=name, file=file, modified_ns=status.st_mtime_ns, size_bytes=status.st_size)


class Preloads:
    """The memory of one run.

    Args:
        store: file that keeps it; need neither exist nor be writable.
        chosen: packages that may be loaded ahead, or `EVERY`; none switches it off.
        private: variables that differ between workers.
    """

    def __init__(
        self,
        store: Path | None = None,
        chosen: Iterable[str] = (),
        private: Iterable[str] = (),
    ) -> None:
        self.chosen = tuple(chosen) if store is not None else ()
        self.private = tuple(private)
        self._store = store
        self._told: set[int] = set()
        self._spared: set[int] = set()

    def modules(self, group: Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what a group loads, in order, and the packages not to be loaded ahead."""
        if not self.chosen:
            return (), ()
        memory = self._read().get(_key(group))
        if memory is None or not all(module.is_as_it_was() for module in memory.modules):
            return (), ()
        return tuple(module.name for module in memory.modules), tuple(memory.refused)

    def wants_to_know(self, group: Group) -> bool:
        """Whether the next worker of a group shall tell what it has loaded."""
        return bool(self.chosen) and group.index not in self._told

    def learn(self, group: Group, loaded: Iterable[tuple[str, str]]) -> None:
        """A worker of the group has loaded these (module, file) before its first test."""
        if not self.wants_to_know(group):
            return
        self._told.add(group.index)
        modules = tuple(_looked_at(name, file) for name, file in loaded)
        before = self._read().get(_key(group), _Memory())
        is_valid = all(module.is_as_it_was() for module in before.modules)
        refused = before.refused if is_valid else {}
        if modules != before.modules:
            self._write(group, _Memory(modules=modules, refused=refused))

    def refuse(self, group: Group, refused: Mapping[str, str]) -> None:
        """These packages do not do, by reason."""
        before = self._read().get(_key(group), _Memory())
        if not refused.items() <= before.refused.items():
            after = {**before.refused, **refused}
            self._write(group, _Memory(modules=before.modules, refused=after))

    def spare(self, group: Group) -> bool:
        """Give the group's workers of this run nothing that was loaded ahead; False if known."""
        if group.index in self._spared:
            return False
        self._spared.add(group.index)
        return True

    def is_spared(self, group: Group) -> bool:
        """Whether its workers must have loaded everything themselves."""
        return group.index in self._spared

    def _read(self) -> dict[str, _Memory]:
        try:
            if self._store is None:
                return {}
            found = json.loads(self._store.read_bytes())
            return {key: from_plain(_Memory, value) for key, value in found.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def _write(self, group: Group, memory: _Memory) -> None:
        """Write it beside and move it there: another run may read at the same time."""
        if self._store is None:
            return
        key = _key(group)
        others = [(name, value) for name, value in self._read().items() if name != key]
        kept = dict([*others, (key, memory)][-_KEPT:])
        beside = self._store.with_name(f"{self._store.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps({k: to_plain(v) for k, v in kept.items()}), "ascii")
            beside.replace(self._store)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()


def _key(group: Group) -> str:
    """Return what stands for a group whose workers load the same."""
    interpreter = _looked_at("", group.interpreter)
    suites = tuple(suite.name for suite in group.suites)
    about = repr((interpreter, suites, group.arguments, group.env))
    return hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()
