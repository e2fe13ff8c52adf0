"""YAML text to a tree with places; every way of not being YAML is a located fault."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.catalogue.document import Node, read_document
from unified_test_runner.catalogue.faults import Faults, Place
from unified_test_runner.errors import CatalogueError

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path, content: str | bytes) -> Node:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    faults = Faults(label="c.yaml")
    tree = read_document(path, faults)
    faults.raise_any()
    return tree


def faults_of(path: Path, content: str | bytes) -> tuple[str, ...]:
    with pytest.raises(CatalogueError) as caught:
        read(path, content)
    return caught.value.faults


def test_every_key_and_value_knows_its_place(tmp_path: Path) -> None:
    tree = read(tmp_path / "c", "a: 1\nb:\n  - x\n  - ü: y\n")
    assert tree.entries["a"].place == Place(1, 1)
    assert tree.entries["a"].node.place == Place(1, 4)
    second = tree.get("b").items[1]
    assert second.entries["ü"].place == Place(4, 5)
    assert second.entries["ü"].node.place == Place(4, 8)


def test_plain_gives_back_what_yaml_says(tmp_path: Path) -> None:
    text = "a: [1, 2.5, true, null, x, 2024-01-02]\nb: {c: 'on'}\n"
    plain = {"a": [1, 2.5, True, None, "x", "2024-01-02"], "b": {"c": "on"}}
    assert read(tmp_path / "c", text).plain() == plain


def test_aliases_and_merge_keys_are_resolved_and_own_keys_win(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {z: 4}]}\nd: *a\n"
    plain = read(tmp_path / "c", text).plain()
    assert plain["b"] == {"x": 1, "y": 3}
    assert plain["c"] == {"x": 1, "y": 2, "z": 4}
    assert plain["d"] == plain["a"]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert read(tmp_path / "c", b"\xef\xbb\xbfa: 1\n").plain() == {"a": 1}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefg", "bcdefgh", strict=True)
)

#: (content, the one fault)
FAULTS: list[tuple[str | bytes, str]] = [
    ("", "c.yaml:1:1: the catalogue is empty (hint: it begins with 'version: 1')"),
    ("# nothing\n", "c.yaml:1:1: the catalogue is empty (hint: it begins with 'version: 1')"),
    ("a: 1\nb: 2\na: 3\n", "c.yaml:3:1: duplicate key 'a' (hint: first on line 1)"),
    ("a: {b: 1, b: 2}", "c.yaml:1:11: duplicate key 'b' (hint: first on line 1)"),
    ("on: 1", "c.yaml:1:1: a key must be text, 'on' is not (hint: write \"on\" in quotes)"),
    ("a:\n  8: 1", "c.yaml:2:3: a key must be text, '8' is not (hint: write \"8\" in quotes)"),
    ("? [a]\n: 1", "c.yaml:1:3: a key must be text, not a list or mapping"),
    ("a: &a [*a]", "c.yaml:1:4: this anchor contains an alias of itself"),
    ("a: *nowhere", "c.yaml:1:4: not YAML: found undefined alias"),
    ("a:\n  <<: 3", "c.yaml:2:7: '<<' wants a mapping, or a list of mappings"),
    (b"a: 1\nb: \xff\n", "c.yaml:2:4: not UTF-8: byte 0xff"),
    ("a: ü\nb: x\x07", "c.yaml:2:5: control character U+0007"),
    ("a: b: c", "c.yaml:1:5: not YAML: mapping values are not allowed in this context"),
    ("[" * 50, "c.yaml:1:41: nested deeper than 40 levels"),
]


@pytest.mark.parametrize(("content", "fault"), FAULTS)
def test_a_fault_has_its_place_and_words(tmp_path: Path, content: str | bytes, fault: str) -> None:
    found = faults_of(tmp_path / "c", content)
    assert len(found) == 1
    # The two parsers of PyYAML agree on places, less on words.
    assert found[0] == fault or (
        "not YAML" in fault and found[0].startswith(fault.partition("not")[0])
    )


def test_r27_a_tab_is_named_with_a_way_out(tmp_path: Path) -> None:
    (found,) = faults_of(tmp_path / "c", "a:\n\tb: 1\n")
    assert found.startswith("c.yaml:2:1: not YAML: ")
    assert found.endswith("(hint: indent with spaces)")


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    (found,) = faults_of(tmp_path / "c", BOMB)
    assert "aliases expand to more than 100000 values" in found


def test_two_documents_are_a_fault(tmp_path: Path) -> None:
    (found,) = faults_of(tmp_path / "c", "---\na: 1\n---\nb: 2\n")
    assert found.startswith("c.yaml:3:1: not YAML: ")


@pytest.mark.parametrize("value", ["2020-99-99", "!!python/object:os.system x", "9" * 5000])
def test_a_value_that_cannot_be_understood_is_a_fault(tmp_path: Path, value: Any) -> None:
    (found,) = faults_of(tmp_path / "c", f"a: {value}")
    assert found.startswith("c.yaml:1:4: cannot be understood: ")


def test_a_file_beyond_all_size_is_a_fault(tmp_path: Path) -> None:
    (found,) = faults_of(tmp_path / "c", "# " + "x" * (1 << 20))
    assert found == "c.yaml:1:1: larger than 1 MiB, so hardly a catalogue"


def test_a_missing_file_a_folder_and_an_unreadable_one_are_faults(tmp_path: Path) -> None:
    faults = Faults(label="c.yaml")
    with pytest.raises(CatalogueError, match=r"^c.yaml:1:1: cannot be read: No such file"):
        read_document(tmp_path / "none", faults)
    with pytest.raises(CatalogueError, match="is a directory, not a file"):
        read_document(tmp_path, Faults(label="c.yaml"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_text("a: 1")
    path.chmod(0)
    with pytest.raises(CatalogueError, match="cannot be read: Permission denied"):
        read_document(path, Faults(label="c.yaml"))


@given(content=st.one_of(st.text(), st.binary(), st.text(alphabet="ab:-[]{}&*<\n \t'\"#|>!?,")))
def test_any_content_is_a_tree_or_a_fault(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    faults: tuple[str, ...] = ()
    try:
        read(path, data).plain()
    except CatalogueError as error:
        faults = error.faults
    assert all(line.startswith("c.yaml:") for line in faults)
