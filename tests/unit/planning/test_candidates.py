from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from unified_test_runner.catalogue.content import Catalogue, CategorySpec, SuiteSpec
from unified_test_runner.planning.arguments import Argument
from unified_test_runner.planning.candidates import (
    Project,
    Selectors,
    choose,
    order_categories,
    order_suites,
)
from unified_test_runner.planning.pytest_ini import PytestIni

if TYPE_CHECKING:
    from pathlib import Path

#: (categories as name: (priority, after), order)
ORDERS = [
    ({}, []),
    ({"b": (50, ()), "a": (50, ())}, ["b", "a"]),
    ({"b": (50, ()), "a": (10, ())}, ["a", "b"]),
    ({"b": (1, ("a",)), "a": (90, ())}, ["a", "b"]),
    ({"c": (1, ("b",)), "b": (50, ("a",)), "a": (90, ()), "d": (60, ())}, ["d", "a", "b", "c"]),
    ({"c": (1, ("a", "b")), "a": (2, ()), "b": (3, ())}, ["a", "b", "c"]),
]


@pytest.mark.parametrize(("categories", "order"), ORDERS)
def test_r10_after_then_priority_then_the_order_of_the_file(
    tmp_path: Path, categories: Any, order: Any
) -> None:
    specs = {
        name: CategorySpec(name=name, priority=priority, after=after)
        for name, (priority, after) in categories.items()
    }
    assert order_categories(Catalogue(path="c", categories=specs)) == order


def test_suites_follow_their_categories_and_those_without_come_first(tmp_path: Path) -> None:
    specs = {"late": CategorySpec(name="late"), "early": CategorySpec(name="early", priority=1)}
    suites = {
        name: SuiteSpec(name=name, paths=(name,), category=category)
        for name, category in [("a", "late"), ("b", "early"), ("c", None), ("d", "late")]
    }
    catalogue = Catalogue(path="c", categories=specs, suites=suites)
    assert [spec.name for spec in order_suites(catalogue)] == ["c", "b", "a", "d"]
    assert order_suites(None) == ()


def test_selectors_are_pairs_without_repeats() -> None:
    argument = Argument(given="./t", path="t")
    selectors = Selectors(
        categories=("a", "a"), suites=("b",), patterns=("*",), arguments=(argument, argument)
    )
    assert selectors.pairs() == (
        ("--category", "a"),
        ("--suite", "b"),
        ("--test-pattern", "*"),
        ("PATH", "t"),
    )


def test_only_files_that_need_it_are_parsed(shop: Any) -> None:
    project = Project(root=shop.root, ini=PytestIni(), catalogue=shop.catalogue)
    choose(project, Selectors())
    choose(project, Selectors(patterns=("*test_*",)))
    choose(project, Selectors(suites=("orders",), patterns=("*orders*",)))
    assert project.seen_names() == []
    choose(project, Selectors(suites=("users",), patterns=("*test_one",)))
    assert [index.path for index in project.seen_names()] == ["suites/users/test_u.py"]


def test_a_conftest_above_a_file_may_give_it_parameters(tree: Any) -> None:
    tree.files("tests/a/test_x.py", "tests/b/test_y.py")
    tree.write("tests/a/conftest.py", "@pytest.fixture(params=[1])\ndef db(): ...")
    project = Project(root=tree.root, ini=PytestIni(), catalogue=None)
    chosen = choose(project, Selectors(patterns=("*[some-id]*",)))
    assert [file.path for suite in chosen for file in suite.files] == ["tests/a/test_x.py"]


def test_a_file_that_vanishes_may_have_any_name(tree: Any) -> None:
    tree.files("test_x.py")
    project = Project(root=tree.root, ini=PytestIni(), catalogue=None)
    assert project.names("gone.py").known() == []
    assert project.names("gone.py").may_have("gone.py::test_a")


def chosen_by(tree: Any, pattern: str) -> list[str]:
    project = Project(root=tree.root, ini=PytestIni(), catalogue=None)
    return [
        file.path
        for suite in choose(project, Selectors(patterns=(pattern,)))
        for file in suite.files
    ]


def test_parameters_count_where_they_are_written(tree: Any) -> None:
    marks = '@pytest.mark.parametrize("name", ["apple"])\n'
    tree.write("test_here.py", marks + "def test_a(name): ...")
    tree.write("sub/conftest.py", '@pytest.fixture(params=["apple"])\ndef fruit(request): ...')
    tree.write("sub/test_above.py", "def test_a(fruit): ...")
    tree.write("test_inside.py", '@pytest.mark.parametrize("n", [1])\ndef test_a(n): f("apple")')
    assert chosen_by(tree, "apple") == ["sub/test_above.py", "test_here.py"]


def test_parameters_out_of_sight_count_only_for_a_pattern_with_a_bracket(tree: Any) -> None:
    tree.write("test_x.py", "@pytest.mark.parametrize('n', made())\ndef test_a(n): ...")
    assert chosen_by(tree, "*apple*") == []
    assert chosen_by(tree, "*[apple]*") == ["test_x.py"]
