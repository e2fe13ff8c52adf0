"""YAML text to a tree whose every key and value knows its place. Knows nothing of catalogues.

Aliases and merge keys are resolved here, so that no later layer meets them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from unified_test_runner.catalogue.faults import Faults, Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_BYTES = 1 << 20
_MAX_DEPTH = 40
_MAX_VALUES = 100_000
_MERGE_TAG = "tag:yaml.org,2002:merge"

Scalar: TypeAlias = "str | int | float | bool | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value and where it begins. `value`: a scalar, a list of nodes, or name to `Entry`."""

    place: Place
    value: Scalar | list[Node] | dict[str, Entry]

    @property
    def entries(self) -> dict[str, Entry]:
        """The entries of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The items of a list; none for anything else."""
        return self.value if isinstance(self.value, list) else []

    def get(self, *names: str) -> Node | None:
        """Return the value below a chain of keys, or None where one is missing."""
        node: Node | None = self
        for name in names:
            entry = node.entries.get(name) if node else None
            node = entry.node if entry else None
        return node

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {name: entry.node.plain() for name, entry in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A key's place and its value."""

    place: Place
    node: Node


def read_document(path: Path, faults: Faults) -> Node:
    """Return the tree of the file at `path`; faults that leave a tree are added to `faults`.

    Raises:
        CatalogueError: there is no tree: unreadable, not UTF-8, not YAML, empty, too large.
    """
    text = _read_text(path, faults)
    root = _compose(text, faults)
    if root is None:
        faults.fail(Place(1, 1), "the catalogue is empty", "it begins with 'version: 1'")
    _check_size(root, faults)
    return _Conversion(faults).convert(root)


def _read_text(path: Path, faults: Faults) -> str:
    start = Place(1, 1)
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except IsADirectoryError:
        faults.fail(start, "the catalogue is a directory, not a file")
    except OSError as error:
        faults.fail(start, f"cannot be read: {error.strerror or error}")
    if len(data) > _MAX_BYTES:
        faults.fail(start, f"larger than {_MAX_BYTES >> 20} MiB, so hardly a catalogue")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", errors="replace")
        faults.fail(_end_of(before), f"not UTF-8: byte 0x{data[error.start]:02x}")
    if found := yaml.reader.Reader.NON_PRINTABLE.search(text):
        code = f"U+{ord(found.group()):04X}"
        faults.fail(_end_of(text[: found.start()]), f"control character {code}")
    return text


def _end_of(text: str) -> Place:
    line = text.count("\n") + 1
    return Place(line, len(text) - (text.rfind("\n") + 1) + 1)


def _compose(text: str, faults: Faults) -> Any:
    try:
        _check_depth(text, faults)
        return yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        message = ", ".join(filter(None, (error.context, error.problem)))
        hint = "indent with spaces" if _has_tab_at(text, place) else ""
        faults.fail(place, f"not YAML: {message}", hint)
    except yaml.YAMLError as error:
        faults.fail(Place(1, 1), f"not YAML: {str(error).splitlines()[0]}")
    return None


def _has_tab_at(text: str, place: Place) -> bool:
    lines = text.split("\n")
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    return bool(re.match(r"[ ]*\t", line)) or "\t" in line[place.column - 1 : place.column]


def _check_depth(text: str, faults: Faults) -> None:
    # `compose` recurses; the event stream does not, so depth is bounded before it.
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > _MAX_DEPTH:
                faults.fail(_place(event), f"nested deeper than {_MAX_DEPTH} levels")
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1


def _place(node: Any) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _check_size(root: Any, faults: Faults) -> None:
    """Refuse aliases that contain themselves, or that expand beyond all reason."""
    sizes: dict[int, int | None] = {}

    def size(node: Any) -> int:
        known = sizes.get(id(node), 0)
        if known is None:
            faults.fail(_place(node), "this anchor contains an alias of itself")
        if known:
            return known
        sizes[id(node)] = None
        total = 1 + sum(size(child) for child in _children(node))
        sizes[id(node)] = total
        if total > _MAX_VALUES:
            faults.fail(_place(node), f"aliases expand to more than {_MAX_VALUES} values")
        return total

    size(root)


class _Conversion:
    """PyYAML's nodes to ours."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._constructor = yaml.constructor.SafeConstructor()

    def convert(self, node: Any) -> Node:
        place = _place(node)
        if isinstance(node, yaml.MappingNode):
            return Node(place=place, value=self._mapping(node))
        if isinstance(node, yaml.SequenceNode):
            return Node(place=place, value=[self.convert(item) for item in node.value])
        return Node(place=place, value=self._scalar(node))

    def _mapping(self, node: Any) -> dict[str, Entry]:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            if key.tag == _MERGE_TAG:
                self._merge(value, merged)
                continue
            name = self._key(key)
            if name is None:
                continue
            if first := own.get(name):
                seen = f"first on line {first.place.line}"
                self._faults.add(_place(key), f"duplicate key '{name}'", seen)
                continue
            own[name] = Entry(place=_place(key), node=self.convert(value))
        return {**merged, **own}

    def _merge(self, value: Any, into: dict[str, Entry]) -> None:
        sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                self._faults.add(_place(source), "'<<' wants a mapping, or a list of mappings")
                continue
            for name, entry in self._mapping(source).items():
                into.setdefault(name, entry)

    def _key(self, key: Any) -> str | None:
        if not isinstance(key, yaml.ScalarNode):
            self._faults.add(_place(key), "a key must be text, not a list or mapping")
            return None
        value = self._scalar(key)
        if not isinstance(value, str) or key.tag != "tag:yaml.org,2002:str":
            message = f"a key must be text, '{key.value}' is not"
            self._faults.add(_place(key), message, f'write "{key.value}" in quotes')
            return None
        return value

    def _scalar(self, node: Any) -> Scalar:
        try:
            value = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            first = getattr(error, "problem", None) or str(error)
            self._faults.add(_place(node), f"cannot be understood: {first}")
            return str(node.value)
        # Dates and binary have no meaning in a catalogue: their text is what was meant.
        return value if isinstance(value, (str, int, float, bool, type(None))) else str(node.value)
