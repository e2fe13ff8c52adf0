"""Groups and their pytest command lines."""

from __future__ import annotations

from typing import Any

import pytest

from unified_test_runner.catalogue.content import LimitsSpec, is_below
from unified_test_runner.planning.groups import apart


def arguments(plan: Any) -> list[tuple[str, ...]]:
    return [group.arguments for group in plan.groups]


def test_without_catalogue_and_selectors_pytest_finds_its_own_way(tree: Any) -> None:
    tree.files("tests/test_a.py")
    assert arguments(tree.plan()) == [()]


def test_suites_that_agree_share_a_group_wherever_they_stand(tree: Any) -> None:
    tree.files("suites/a/test_a.py", "suites/b/test_b.py", "suites/c/test_c.py")
    tree.declare(
        services={"redis": "redis"},
        suites={"a": {}, "b": {"services": ["redis"]}, "c": {}},
    )
    plan = tree.plan(real_services=True)
    assert [[suite.name for suite in group.suites] for group in plan.groups] == [["a", "c"], ["b"]]
    assert arguments(plan) == [("suites/a", "suites/c"), ("suites/b",)]
    assert [group.index for group in plan.groups] == [0, 1]


DIFFERENCES = [
    {"args": ("-x",)},
    {"env": (("A", "1"),)},
    {"services": ["redis"]},
]


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_what_keeps_suites_apart(tree: Any, difference: Any) -> None:
    tree.files("suites/a/test_a.py", "suites/b/test_b.py")
    tree.declare(services={"redis": "redis"}, suites={"a": {}, "b": {**difference}})
    assert len(tree.plan(real_services=True).groups) == 2


@pytest.mark.parametrize("number", [2, 12])
def test_files_named_one_by_one_keep_their_order_whatever_their_suites(
    tree: Any, number: int
) -> None:
    paths = [f"suites/{'ab'[n % 2]}/test_{n:02}.py" for n in reversed(range(number))]
    tree.files(*paths)
    tree.declare(suites={"a": {}, "b": {}})
    ids = [f"{path}::test_one" for path in paths]
    assert arguments(tree.plan(*paths)) == [tuple(paths)]
    assert arguments(tree.plan(*ids, ids[0])) == [tuple(paths)]


def test_folders_leave_the_order_to_the_suites(tree: Any) -> None:
    tree.files("suites/a/test_a.py", "suites/b/test_b.py")
    tree.declare(suites={"a": {}, "b": {}})
    plan = tree.plan("suites/b", "suites/a/test_a.py")
    assert arguments(plan) == [("suites/a/test_a.py", "suites/b")]


def test_options_stand_behind_paths_in_their_order(tree: Any) -> None:
    tree.files("suites/a/test_a.py")
    tree.declare(suites={"a": {"args": ("-p", "no:x")}})
    plan = tree.plan(
        keyword="one", markexpr="not slow", deselect=("suites/a/test_a.py::test_two",),
        pytest_args=("--tb=short",),
    )  # fmt: skip
    assert arguments(plan) == [
        (
            "suites/a", "-p", "no:x", "-k", "one", "-m", "not slow",
            "--deselect", "suites/a/test_a.py::test_two", "--tb=short",
        )
    ]  # fmt: skip


def test_deselect_is_relative_to_the_working_directory(tree: Any) -> None:
    tree.files("tests/test_a.py")
    plan = tree.plan(cwd=tree.root / "tests", deselect=("test_a.py::test_one", "gone.py::x"))
    assert arguments(plan) == [
        ("--deselect", "tests/test_a.py::test_one", "--deselect", "gone.py::x")
    ]


def test_the_walk_of_the_implicit_suite_keeps_out_of_other_groups(shop: Any) -> None:
    plan = shop.plan()
    assert arguments(plan) == [("--ignore=suites/orders", "--ignore=suites/users", ".")]
    assert [suite.name for suite in plan.groups[0].suites] == ["default", "units"]


def test_few_files_are_named_and_many_are_walked(tree: Any) -> None:
    tree.files(
        *(f"tests/test_{number}_{'odd' if number % 2 else 'even'}.py" for number in range(19))
    )
    few = tree.plan(patterns=("*test_?_odd*",))
    assert arguments(few) == [tuple(f"tests/test_{number}_odd.py" for number in range(1, 10, 2))]
    tree.files("pytest.ini").write("pytest.ini", "[pytest]\ntestpaths = tests\n")
    many = tree.plan(patterns=("*odd*",))
    assert arguments(many) == [("tests",)]
    assert len(many.units) == 9


def test_paths_go_in_as_given_and_node_ids_as_their_file(shop: Any) -> None:
    plan = shop.plan(
        "tests/unit", "tests/test_loose.py::test_one", "suites/orders/test_o1.py",
        real_services=True,
    )  # fmt: skip
    assert arguments(plan) == [
        ("tests/test_loose.py", "tests/unit"),
        ("suites/orders/test_o1.py",),
    ]
    assert plan.groups[0].node_ids == ("tests/test_loose.py::test_one",)


def test_an_argument_above_suites_goes_in_as_their_paths(shop: Any) -> None:
    plan = shop.plan("suites", real_services=True)
    assert arguments(plan) == [("suites/users",), ("suites/orders",)] or arguments(plan) == [
        ("suites/orders",), ("suites/users",),
    ]  # fmt: skip


def test_a_path_inside_another_is_named_once(tree: Any) -> None:
    tree.files("tests/a/test_a.py", "tests/test_c.py")
    assert arguments(tree.plan("tests", "tests/a")) == [("tests",)]


def test_a_folder_the_walk_passes_over_is_not_lost_to_the_path_around_it(tree: Any) -> None:
    tree.files("tests/a/test_a.py", "tests/build/test_b.py", "tests/test_c.py")
    plan = tree.plan("tests", "tests/a", "tests/build")
    assert arguments(plan) == [("tests/a", "tests/test_c.py", "tests/build")]


#: (paths, files, paths of which none lies in another)
NESTED = [
    (["a", "b"], ["a/x", "b/y"], ["a", "b"]),
    (["a", "a/b"], ["a/x", "a/c/y", "a/b/z"], ["a/x", "a/c", "a/b"]),
    (["a", "a/b/c"], ["a/b/x", "a/b/c/y", "a/d/z"], ["a/b/x", "a/d", "a/b/c"]),
    ([".", "b"], ["x", "a/y", "b/z"], ["x", "a", "b"]),
    (["a", "a/b"], ["a/b/z"], ["a/b"]),
]


@pytest.mark.parametrize(("paths", "files", "expected"), NESTED)
def test_paths_are_set_apart(paths: Any, files: Any, expected: Any) -> None:
    found = apart(paths, files)
    assert sorted(found) == sorted(expected)
    assert all(any(is_below(file, path) for path in found) for file in files)


def test_filtered_units_and_the_patterns_over_their_tests(shop: Any) -> None:
    plan = shop.plan(patterns=("*units*", "*test_loose.py::test_one"))
    (group,) = plan.groups
    assert [unit.path for unit in group.units] == [
        "tests/test_loose.py", "tests/unit/test_a.py", "tests/unit/test_b.py",
    ]  # fmt: skip
    assert group.filtered == {"tests/test_loose.py"}
    assert len(group.node_patterns) == 2


def test_a_file_named_whole_and_by_a_test_is_whole(tree: Any) -> None:
    tree.files("tests/test_a.py")
    (group,) = tree.plan("tests/test_a.py::test_one", "tests").groups
    assert group.node_ids == ()


def settings_of(tree: Any, name: str, layers: dict[str, Any]) -> Any:
    """What a test comes to where the layers named say something."""
    suites = {"a": {"category": "c", **layers.get("suite", {})}}
    tree.declare(categories={"c": layers.get("category", {})}, suites=suites,
                 **layers.get("defaults", {}))  # fmt: skip
    (group,) = tree.plan(**layers.get("command line", {})).groups
    return getattr(group.suites[0], name)


@pytest.mark.parametrize(
    ("name", "default", "values"),
    [("timeout_s", 300.0, (4.0, 3.0, 2.0, 1.0)), ("retries", 0, (0, 3, 2, 1))],
)
def test_the_nearest_layer_that_says_something_is_heard(
    tree: Any, name: str, default: object, values: tuple[object, ...]
) -> None:
    tree.files("suites/a/test_a.py")
    layers = ("command line", "suite", "category", "defaults")
    for number, value in enumerate(values):
        said = {each: {name: v} for each, v in zip(layers[number:], values[number:], strict=True)}
        assert settings_of(tree, name, said) == value
    assert settings_of(tree, name, {}) == default


@pytest.mark.parametrize(
    ("option", "own", "general", "expected"),
    [
        (None, None, None, "report"),
        (None, None, "off", "off"),
        (None, "fail", "off", "fail"),
        ("off", "fail", "report", "off"),
    ],
)
def test_what_leaks_are_is_said_by_the_nearest(
    tree: Any, option: Any, own: Any, general: Any, expected: str
) -> None:
    tree.files("suites/a/test_a.py").declare(suites={"a": {"leaks": own}}, leaks=general)
    (group,) = tree.plan(leaks=option).groups
    assert group.suites[0].leaks == expected


def test_bounds_of_memory_are_said_by_the_nearest_each_by_itself(tree: Any) -> None:
    tree.files("suites/a/test_a.py", "suites/b/test_b.py").declare(
        suites={"a": {"limits": LimitsSpec(memory_bytes=5)}, "b": {}},
        limits=LimitsSpec(memory_bytes=9, recycle_bytes=3),
    )
    (group,) = tree.plan().groups
    assert [(s.memory_bytes, s.recycle_bytes) for s in group.suites] == [(5, 3), (9, 3)]
