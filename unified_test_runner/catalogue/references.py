"""What refers to what: names, paths, placeholders, circles. Works on the tree, not the models.

So a fault of shape in one entry hides nothing in another: whatever has the wrong shape is
passed over here, since the models report it in the same pass.
"""

from __future__ import annotations

import posixpath
import re
import shlex
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.catalogue.content import DEFAULT_SUITE, is_below
from unified_test_runner.catalogue.faults import Faults, Place, nearest
from unified_test_runner.catalogue.models import NOT_YET_KINDS
from unified_test_runner.kinds import KINDS, KindInfo
from unified_test_runner.model import Isolation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unified_test_runner.catalogue.document import Entry, Node

TEMPLATE_FIELDS = ("host", "port", "user", "password", "database")
_RUN_FIELDS = ("python",)
_RUN_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """One pass over a tree; `root` is what paths are relative to."""

    tree: Node
    root: Path
    faults: Faults

    def check(self) -> None:
        """Add every fault of reference to `faults`."""
        for name, entry in self._section("categories").items():
            self._known_names(entry.node.get("after"), "category", "categories", name)
        for name, entry in self._section("services").items():
            self._check_service(name, entry)
        for name, entry in self._section("suites").items():
            self._check_suite(name, entry)
        self._check_circles("categories", "after")
        self._check_circles("services", "needs")
        self._check_claims()

    def _section(self, name: str) -> dict[str, Entry]:
        node = self.tree.get(name)
        return node.entries if node else {}

    # services

    def _check_service(self, name: str, entry: Entry) -> None:
        kind = self._kind(name, entry)
        self._known_names(entry.node.get("needs"), "service", "services", name)
        if kind:
            self._check_isolation(entry.node.get("isolation"), kind, entry)
            self._check_software(entry.node.get("embedded"), kind)
        if version := entry.node.get("version"):
            self._check_version(version)
        if provides := entry.node.get("provides"):
            for variable in provides.entries.values():
                self._check_template(variable.node)
        if prepare := entry.node.get("prepare"):
            self._check_prepare(prepare)

    def _kind(self, name: str, entry: Entry) -> KindInfo | None:
        node = entry.node.get("kind")
        kind = node.value if node else name
        if not isinstance(kind, str):
            return None
        if kind in KINDS:
            return KINDS[kind]
        place = node.place if node else entry.place
        if kind in NOT_YET_KINDS:
            self.faults.add(place, f"kind '{kind}' is not supported by this version yet")
        elif node:
            self.faults.add(place, f"unknown kind '{kind}'", nearest(kind, KINDS))
        else:
            known = ", ".join(KINDS)
            message = f"'kind' is missing, and '{name}' is no kind itself"
            self.faults.add(place, message, f"known kinds: {known}")
        return None

    def _check_isolation(self, node: Node | None, kind: KindInfo, service: Entry) -> None:
        if node is None:
            return
        allowed = {kind.isolation, Isolation.INSTANCE, Isolation.SHARED}
        if service.node.get("external"):
            allowed.add(kind.external_isolation)
        words = [isolation.value for isolation in Isolation]
        if node.value in words and Isolation(node.value) not in allowed:
            known = ", ".join(sorted(isolation.value for isolation in allowed))
            message = f"isolation '{node.value}' is not to be had with kind '{kind.name}'"
            self.faults.add(node.place, message, f"known: {known}")

    def _check_software(self, node: Node | None, kind: KindInfo) -> None:
        names = [software.name for software in kind.software]
        if node and isinstance(node.value, str) and node.value and node.value not in names:
            message = f"unknown server '{node.value}' of kind '{kind.name}'"
            self.faults.add(node.place, message, nearest(node.value, names))

    def _check_version(self, node: Node) -> None:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        if not isinstance(node.value, str):
            return
        try:
            SpecifierSet(node.value)
        except InvalidSpecifier:
            message = f"'{node.value}' is no version specifier"
            self.faults.add(node.place, message, "write e.g. '>=15' or '>=7,<8'")

    def _check_template(self, node: Node) -> None:
        if not isinstance(node.value, str):
            return
        try:
            parsed = list(string.Formatter().parse(node.value))
        except ValueError as error:
            self.faults.add(node.place, f"not a template: {error}".lower())
            return
        for _, field, spec, conversion in parsed:
            if field is None:
                continue
            if field not in TEMPLATE_FIELDS or spec or conversion:
                shown = "{" + field + "}"
                known = ["{" + each + "}" for each in TEMPLATE_FIELDS]
                message = f"unknown placeholder '{shown}' in 'provides'"
                self.faults.add(node.place, message, nearest(shown, known))

    def _check_prepare(self, node: Node) -> None:
        if run := node.get("run"):
            self._check_run(run)
        inputs = node.get("inputs")
        for item in inputs.items if inputs else []:
            self._check_path(item, "input")

    def _check_run(self, node: Node) -> None:
        if not isinstance(node.value, str):
            return
        try:
            if not shlex.split(node.value):
                self.faults.add(node.place, "'run' is empty")
        except ValueError as error:
            self.faults.add(node.place, f"'run' cannot be split: {error}".lower())
        for field in _RUN_PLACEHOLDER.findall(node.value):
            if field not in _RUN_FIELDS:
                shown = "{" + field + "}"
                message = f"unknown placeholder '{shown}' in 'run'"
                self.faults.add(node.place, message, "known: {python}")

    # suites

    def _check_suite(self, name: str, entry: Entry) -> None:
        if name == DEFAULT_SUITE:
            message = f"'{name}' is the name of the implicit suite of files in no other"
            self.faults.add(entry.place, message, "choose another name")
        category = entry.node.get("category")
        if category:
            self._known_name(category, "category", "categories", name)
        paths = entry.node.get("paths")
        for item in paths.items if paths else []:
            self._check_path(item, "path")
        self._check_uses(name, entry)

    def _check_uses(self, name: str, entry: Entry) -> None:
        uses = entry.node.get("services")
        seen: set[str] = set()
        providers: dict[str, str] = {}
        for item in uses.items if uses else []:
            for used, place, isolation in _uses_of(item):
                if used in seen:
                    self.faults.add(place, f"service '{used}' is named twice by '{name}'")
                seen.add(used)
                self._known(used, place, "service", "services", name)
                kind = self._kind_of(used)
                if kind:
                    self._check_isolation(isolation, kind, self._section("services")[used])
                self._check_variables(used, place, providers)

    def _kind_of(self, service: str) -> KindInfo | None:
        entry = self._section("services").get(service)
        if entry is None:
            return None
        node = entry.node.get("kind")
        kind = node.value if node else service
        return KINDS.get(kind) if isinstance(kind, str) else None

    def _check_variables(self, service: str, place: Place, providers: dict[str, str]) -> None:
        entry = self._section("services").get(service)
        if entry is None:
            return
        provides = entry.node.get("provides")
        kind = self._kind_of(service)
        names = list(provides.entries) if provides else list(kind.provides if kind else ())
        for variable in names:
            other = providers.setdefault(variable, service)
            if other != service:
                message = f"services '{other}' and '{service}' both provide '{variable}'"
                self.faults.add(place, message, "give one of them 'provides' of its own")
                return

    # names, paths, circles

    def _known_names(self, node: Node | None, noun: str, section: str, owner: str) -> None:
        for item in node.items if node else []:
            self._known_name(item, noun, section, owner)

    def _known_name(self, node: Node, noun: str, section: str, owner: str) -> None:
        if isinstance(node.value, str):
            self._known(node.value, node.place, noun, section, owner)

    def _known(self, name: str, place: Place, noun: str, section: str, owner: str) -> None:
        known = self._section(section)
        if name not in known:
            message = f"unknown {noun} '{name}' in '{owner}'"
            self.faults.add(place, message, nearest(name, known))

    def _check_path(self, node: Node, noun: str) -> None:
        path = node.value
        if not isinstance(path, str) or not path:
            return
        normal = posixpath.normpath(path)
        if posixpath.isabs(path):
            hint = "paths are relative to the project root"
            self.faults.add(node.place, f"{noun} '{path}' is absolute", hint)
        elif normal == ".." or normal.startswith("../"):
            self.faults.add(node.place, f"{noun} '{path}' leads out of the project root")
        elif "\x00" in path or not (self.root / normal).exists():
            hint = nearest_path(self.root, normal)
            self.faults.add(node.place, f"{noun} '{path}' does not exist", hint)

    def _check_circles(self, section: str, key: str) -> None:
        edges = {
            name: [item for item in _items(entry.node.get(key)) if isinstance(item.value, str)]
            for name, entry in self._section(section).items()
        }
        done: set[str] = set()

        def visit(name: str, trail: tuple[str, ...]) -> None:
            for item in edges.get(name, []):
                target = str(item.value)
                if target in (*trail, name):
                    circle = (*trail, name)[(*trail, name).index(target) :]
                    shown = " → ".join((*circle, target))
                    self.faults.add(item.place, f"'{key}' goes in a circle: {shown}")
                elif target not in done:
                    visit(target, (*trail, name))
            done.add(name)

        for name in edges:
            if name not in done:
                visit(name, ())

    def _check_claims(self) -> None:
        claims: list[tuple[str, str, str]] = []
        for name, entry in self._section("suites").items():
            for item in _items(entry.node.get("paths")):
                if not isinstance(item.value, str) or not item.value:
                    continue
                path = posixpath.normpath(item.value)
                for other, known, shown in claims:
                    if is_below(path, known) or is_below(known, path):
                        self._claimed_twice(item, name, other, shown)
                        break
                claims.append((name, path, item.value))

    def _claimed_twice(self, item: Node, name: str, other: str, shown: str) -> None:
        owner = "this suite" if other == name else f"suite '{other}'"
        same = posixpath.normpath(shown) == posixpath.normpath(str(item.value))
        by = "" if same else f" by its path '{shown}'"
        self.faults.add(item.place, f"'{item.value}' is already claimed by {owner}{by}")


def nearest_path(root: Path, path: str) -> str:
    """Return a hint that names the existing sibling most like the first missing part."""
    folder, parts = root, path.split("/")
    for depth, part in enumerate(parts):
        if (folder / part).exists():
            folder = folder / part
            continue
        try:
            names = sorted(entry.name for entry in folder.iterdir())
        except OSError:
            return ""
        hint = nearest("/".join((*parts[:depth], part)), _below(parts[:depth], names))
        return hint if hint.startswith("did") else ""
    return ""


def _below(parts: list[str], names: list[str]) -> list[str]:
    return ["/".join((*parts, name)) for name in names if not name.startswith(".")]


def _items(node: Node | None) -> list[Node]:
    return node.items if node else []


def _uses_of(item: Node) -> Iterator[tuple[str, Place, Node | None]]:
    if isinstance(item.value, str):
        yield item.value, item.place, None
    elif len(item.entries) == 1:
        for name, entry in item.entries.items():
            yield name, entry.place, entry.node.get("isolation")
