from __future__ import annotations

import json

import pytest

from unified_test_runner.dependents import dependents, remember_dependents
from unified_test_runner.rundir import FOLDER


@pytest.fixture
def root(tmp_path):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_a_file_is_remembered_until_it_changes(root):
    remember_dependents(root, ["a.py"])
    remember_dependents(root, ["b.py", "gone.py"])
    assert dependents(root) == {"a.py", "b.py"}
    (root / "a.py").write_text("changed")
    assert dependents(root) == {"b.py"}
    remember_dependents(root, ["a.py"])
    assert dependents(root) == {"a.py", "b.py"}


def test_nothing_to_remember_leaves_nothing_behind(root):
    remember_dependents(root, [])
    remember_dependents(root, ["gone.py"])
    assert not (root / FOLDER).exists()


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"\xff", b"1", b'{"a.py": 1, "\\u0000": "x"}', b"[" * 100_000]
)
def test_a_broken_memory_is_none(root, text):
    (root / FOLDER).mkdir()
    (root / FOLDER / "dependents.json").write_bytes(text)
    assert dependents(root) == frozenset()
    remember_dependents(root, ["a.py"])
    assert dependents(root) == {"a.py"}


def test_only_the_latest_are_kept(root):
    (root / FOLDER).mkdir()
    old = {f"{number}.py": "digest" for number in range(600)}
    memory = root / FOLDER / "dependents.json"
    memory.write_text(json.dumps(old))
    remember_dependents(root, ["a.py"])
    kept = list(json.loads(memory.read_text()))
    assert len(kept) == 500
    assert kept[-2:] == ["599.py", "a.py"]


def test_a_folder_that_cannot_be_made_is_no_error(root):
    (root / FOLDER).write_text("a file stands where the folder should be")
    remember_dependents(root, ["a.py"])
    assert dependents(root) == frozenset()
