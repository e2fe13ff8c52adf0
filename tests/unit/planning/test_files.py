"""The static walk, by cases and against pytest's own collector of directories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from unified_test_runner.planning.files import Walker, expand_testpaths
from unified_test_runner.planning.pytest_ini import PytestIni

if TYPE_CHECKING:
    from collections.abc import Iterable


def walk(tree: Any, *paths: str, pruned: Iterable[str] = (), **ini: Any) -> list[str]:
    walker = Walker(root=tree.root, ini=PytestIni(**ini))
    return [file.path for file in walker.walk(paths or (".",), frozenset(pruned))]


def test_files_and_folders_are_sorted_together_by_name(tree: Any) -> None:
    tree.files("a/test_z.py", "test_b.py", "a_test.py", "b/c/test_x.py", "Z/test_q.py", "no.py")
    assert walk(tree) == [
        "Z/test_q.py", "a/test_z.py", "a_test.py", "b/c/test_x.py", "test_b.py",
    ]  # fmt: skip


def test_an_init_that_is_a_test_file_comes_first_in_its_folder(tree: Any) -> None:
    tree.files("p/__init__.py", "p/A.py", "q/A.py")
    assert walk(tree, python_files=("*.py",)) == ["p/__init__.py", "p/A.py", "q/A.py"]


def test_folders_pytest_passes_over(tree: Any) -> None:
    tree.files("venv/test_a.py", ".tox/test_b.py", "x.egg/test_c.py", "__pycache__/test_d.py")
    tree.files("env/pyvenv.cfg", "env/test_e.py", "conda/conda-meta/history", "conda/test_f.py")
    tree.files("ok/test_g.py")
    assert walk(tree) == ["ok/test_g.py"]


def test_what_is_given_itself_is_never_passed_over(tree: Any) -> None:
    tree.files("venv/test_a.py", "venv/node_modules/test_b.py", "env/pyvenv.cfg", "env/test_e.py")
    assert walk(tree, "venv") == ["venv/test_a.py"]
    assert walk(tree, "env") == ["env/test_e.py"]


def test_a_file_given_itself_is_taken_whatever_its_name(tree: Any) -> None:
    tree.files("odd.py", "notes.txt", "test_a.py")
    assert walk(tree, "odd.py", "notes.txt") == ["odd.py", "notes.txt"]


def test_patterns_with_a_slash_match_the_end_of_the_path(tree: Any) -> None:
    tree.files("a/b/test_x.py", "b/test_y.py", "c/test_z.py", "a/bb/test_w.py")
    assert walk(tree, norecursedirs=("a/b", "c")) == ["a/bb/test_w.py", "b/test_y.py"]
    assert walk(tree, python_files=("b/test_*.py",)) == ["a/b/test_x.py", "b/test_y.py"]


def test_nothing_appears_twice_and_pruned_paths_not_at_all(tree: Any) -> None:
    tree.files("a/test_x.py", "a/b/test_y.py", "a/c/test_z.py")
    assert walk(tree, "a/b", "a", "a/b/test_y.py", pruned={"a/c"}) == [
        "a/b/test_y.py", "a/test_x.py",
    ]  # fmt: skip
    assert walk(tree, "a/c", pruned={"a/c"}) == []


def test_sizes_are_in_bytes(tree: Any) -> None:
    tree.write("test_a.py", "# ü\n")
    (file,) = Walker(root=tree.root, ini=PytestIni()).walk(["."])
    assert file.size_bytes == 5


def test_links_are_followed_but_not_in_circles(tree: Any) -> None:
    tree.files("a/test_x.py", "b/test_y.py")
    (tree.root / "a/up").symlink_to(tree.root)
    (tree.root / "c").symlink_to(tree.root / "b")
    (tree.root / "test_broken.py").symlink_to(tree.root / "nowhere")
    assert walk(tree) == ["a/test_x.py", "b/test_y.py", "c/test_y.py"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_a_notice(tree: Any) -> None:
    tree.files("a/test_x.py", "b/test_y.py")
    (tree.root / "a").chmod(0)
    walker = Walker(root=tree.root, ini=PytestIni())
    assert [file.path for file in walker.walk(["."])] == ["b/test_y.py"]
    assert walker.notices == ["folder 'a' cannot be read: Permission denied"]


def test_a_folder_that_vanishes_is_a_notice(tree: Any, monkeypatch: Any) -> None:
    tree.files("a/test_x.py")

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied")

    walker = Walker(root=tree.root, ini=PytestIni())
    monkeypatch.setattr(os, "scandir", refuse)
    assert walker.walk(["a"]) == []
    assert walker.notices == ["folder 'a' cannot be read: Permission denied"]


def test_testpaths_may_be_globs(tree: Any) -> None:
    tree.files("pkg/b/tests/test_x.py", "pkg/a/tests/test_x.py", "tests/test_x.py")
    found = expand_testpaths(tree.root, ("tests/", "pkg/*/tests", "nowhere"))
    assert found == ("tests", "pkg/a/tests", "pkg/b/tests")


@pytest.mark.parametrize("folder", [".", "x"])
def test_is_skipped(tree: Any, folder: str) -> None:
    walker = Walker(root=tree.root, ini=PytestIni())
    assert walker.is_skipped(f"{folder}/build")
    assert walker.is_skipped("__pycache__")
    assert not walker.is_skipped(f"{folder}/build/x")
