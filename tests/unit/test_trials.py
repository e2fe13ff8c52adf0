from __future__ import annotations

from unified_test_runner.model import UnitKey
from unified_test_runner.planning.plan import Group, PlannedSuite, PlannedUnit
from unified_test_runner.sightings import Step
from unified_test_runner.trials import narrowed


def suite(name: str, *files: str, is_whole: bool = True) -> PlannedSuite:
    units = tuple(
        PlannedUnit(path=path, suite=name, size_bytes=10, reason="selected") for path in files
    )
    return PlannedSuite(
        name=name, category=None, services=(), units=units, reason="", paths=(name,),
        is_whole=is_whole,
    )  # fmt: skip


def step(path: str, test: str = "", collector: str = "Module") -> Step:
    return Step(key=UnitKey(path=path, collector=collector), test=test)


GROUP = Group(
    index=2,
    suites=(suite("x", "x/a.py", "x/b.py"), suite("y", "y/c.py")),
    arguments=("-q", "x", "y"),
    interpreter="python",
    filtered=frozenset({"x/b.py"}),
    node_patterns=("one",),
    node_ids=("x/b.py::old",),
)
TARGET = step("y/c.py", "t")


def test_only_the_steps_and_the_test_itself_are_left():
    left = narrowed(GROUP, [step("x/b.py", "C::t[1]"), step("x/b.py", "u")], TARGET)
    assert [unit.path for unit in left.units] == ["x/b.py", "y/c.py"]
    assert left.node_ids == ("x/b.py::C::t[1]", "x/b.py::u", "y/c.py::t")
    assert (left.index, left.arguments) == (2, GROUP.arguments)
    assert (left.filtered, left.node_patterns) == (frozenset(), ())


def test_suites_without_a_file_left_are_gone():
    left = narrowed(GROUP, [], TARGET)
    assert [each.name for each in left.suites] == ["y"]
    assert not left.suites[0].is_whole


def test_a_file_of_which_no_test_ran_is_taken_whole_but_for_the_tests_own():
    left = narrowed(GROUP, [step("x/a.py"), step("y/c.py", collector="DoctestModule")], TARGET)
    assert left.node_ids == ("y/c.py::t",)


def test_a_file_that_no_plan_foresees_is_there_where_its_suite_is_whole():
    left = narrowed(GROUP, [step("x/spec.yaml", "t"), step("z/other.yaml", "t")], TARGET)
    assert [unit.path for unit in left.units] == ["x/spec.yaml", "y/c.py"]
    partial = Group(
        index=0, suites=(suite("x", "x/a.py", is_whole=False),), arguments=(), interpreter="python"
    )
    left = narrowed(partial, [step("x/spec.yaml", "t")], step("x/a.py", "t"))
    assert [unit.path for unit in left.units] == ["x/a.py"]
