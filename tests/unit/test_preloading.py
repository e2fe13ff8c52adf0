"""What is remembered of a group's modules, and when it no longer holds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.planning.plan import Group, PlannedSuite
from unified_test_runner.preloading import EVERY, Preloads

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def group(tmp_path: Path) -> Group:
    (tmp_path / "python").write_text("")
    suite = PlannedSuite(name="s", category=None, services=(), units=(), reason="")
    return Group(
        index=0, suites=(suite,), arguments=("tests",), interpreter=str(tmp_path / "python")
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "preload.json"


def learnt(store: Path, group: Group) -> Path:
    """Remember one module with a file and one without; return the file."""
    file = store.with_name("pack.py")
    file.write_text("")
    Preloads(store, chosen=(EVERY,)).learn(group, [("pack", str(file)), ("_built_in", "")])
    return file


def recalled(store: Path, group: Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return Preloads(store, chosen=(EVERY,)).modules(group)


def test_what_a_group_has_loaded_is_known_in_the_next_run(store: Path, group: Group) -> None:
    assert recalled(store, group) == ((), ())
    learnt(store, group)
    assert recalled(store, group) == (("pack", "_built_in"), ())


def test_nothing_is_read_or_written_unless_it_is_switched_on(store: Path, group: Group) -> None:
    off = Preloads(store)
    assert not off.wants_to_know(group)
    off.learn(group, [("pack", "")])
    assert not store.exists()
    learnt(store, group)
    assert off.modules(group) == ((), ())


@pytest.mark.parametrize("change", ["content", "gone", "time"])
def test_a_file_that_has_changed_makes_all_of_it_void(
    store: Path, group: Group, change: str
) -> None:
    file = learnt(store, group)
    Preloads(store, chosen=(EVERY,)).refuse(group, {"bad": "it warns"})
    if change == "content":
        file.write_text("x = 1\n")
    elif change == "gone":
        file.unlink()
    else:
        import os

        os.utime(file, ns=(1, 1))
    assert recalled(store, group) == ((), ())
    again = Preloads(store, chosen=(EVERY,))
    again.learn(group, [("other", "")])
    assert recalled(store, group) == (("other",), ()), "another version may be harmless"


def test_other_arguments_environment_or_interpreter_are_another_group(
    store: Path, group: Group, tmp_path: Path
) -> None:
    learnt(store, group)
    (tmp_path / "other").write_text("#")
    for other in (
        replace(group, arguments=("tests", "-k", "x")),
        replace(group, env=(("MODE", "1"),)),
        replace(group, interpreter=str(tmp_path / "other")),
    ):
        assert recalled(store, other) == ((), ())
    (tmp_path / "python").write_text("a newer one")
    assert recalled(store, group) == ((), ())


def test_what_was_refused_stays_refused(store: Path, group: Group) -> None:
    learnt(store, group)
    Preloads(store, chosen=(EVERY,)).refuse(group, {"bad": "it warns"})
    Preloads(store, chosen=(EVERY,)).learn(group, [("new", "")])
    assert recalled(store, group) == (("new",), ("bad",))


def test_only_the_first_worker_of_a_group_tells(store: Path, group: Group) -> None:
    preloads = Preloads(store, chosen=(EVERY,))
    assert preloads.wants_to_know(group)
    preloads.learn(group, [("a", "")])
    assert not preloads.wants_to_know(group)
    preloads.learn(group, [("b", "")])
    assert recalled(store, group) == (("a",), ())


def test_a_group_is_spared_once(store: Path, group: Group) -> None:
    preloads = Preloads(store, chosen=(EVERY,))
    assert not preloads.is_spared(group)
    assert preloads.spare(group)
    assert not preloads.spare(group)
    assert preloads.is_spared(group)


@pytest.mark.parametrize(
    "broken",
    [b"", b"\xff", b"[]", b"null", b'{"a": 1}', b'{"a": {"modules": [1]}}', b"[" * 100_000],
)
def test_a_broken_store_is_as_none(store: Path, group: Group, broken: bytes) -> None:
    store.write_bytes(broken)
    assert recalled(store, group) == ((), ())
    learnt(store, group)
    assert recalled(store, group) == (("pack", "_built_in"), ())


def test_a_store_that_cannot_be_written_is_no_fault(tmp_path: Path, group: Group) -> None:
    preloads = Preloads(tmp_path / "absent" / "preload.json", chosen=(EVERY,))
    preloads.learn(group, [("a", "")])
    assert not (tmp_path / "absent").exists()
    (tmp_path / "folder").mkdir()
    Preloads(tmp_path / "folder", chosen=(EVERY,)).learn(group, [("a", "")])
    assert [path.name for path in tmp_path.glob("folder*")] == ["folder"]


def test_the_groups_learnt_longest_ago_are_forgotten(store: Path, group: Group) -> None:
    for number in range(70):
        Preloads(store, chosen=(EVERY,)).learn(
            replace(group, arguments=(str(number),)), [("a", "")]
        )
    assert len(json.loads(store.read_bytes())) == 64
    assert recalled(store, replace(group, arguments=("69",))) == (("a",), ())
    assert recalled(store, replace(group, arguments=("0",))) == ((), ())
