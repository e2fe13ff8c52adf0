from __future__ import annotations

from unified_test_runner.events import ForecastDiffered
from unified_test_runner.forecast import Owners, difference, foreseen, walked
from unified_test_runner.model import UnitKey
from unified_test_runner.planning.plan import Group, PlannedSuite, PlannedUnit
from unified_test_runner.steps import UnitPlan


def suite(
    name: str, *files: str, paths: tuple[str, ...] = (), is_whole: bool = True
) -> PlannedSuite:
    units = tuple(
        PlannedUnit(path=path, suite=name, size_bytes=10, reason="selected") for path in files
    )
    return PlannedSuite(
        name=name, category=None, services=(), units=units, reason="", paths=paths,
        is_whole=is_whole,
    )  # fmt: skip


def group(*suites: PlannedSuite) -> Group:
    return Group(index=3, suites=suites, arguments=(), interpreter="python")


def key(path: str, collector: str = "Module", ordinal: int = 0) -> UnitKey:
    return UnitKey(path=path, collector=collector, ordinal=ordinal)


SHOP = suite("shop", "shop/a.py", "shop/b.py", paths=("shop",))
MAIL = suite("mail", "mail/c.py", paths=("mail", "extra/d.py"))


def test_the_plan_is_the_forecast_in_its_order():
    seen = foreseen(group(SHOP, MAIL))
    assert seen.index == 3
    assert [(u.key, u.suite, u.size_bytes) for u in seen.units] == [
        (key("shop/a.py"), "shop", 10), (key("shop/b.py"), "shop", 10),
        (key("mail/c.py"), "mail", 10),
    ]  # fmt: skip


def test_the_walk_decides_the_order():
    keys = [key("mail/c.py"), key("shop/b.py"), key("shop/a.py")]
    assert [unit.key for unit in walked(group(SHOP, MAIL), keys)] == keys


def test_every_collector_of_a_planned_file_is_a_unit():
    """A module and its doctests, say, share a path."""
    keys = [key("shop/a.py", "DoctestModule"), key("shop/a.py"), key("shop/a.py", ordinal=1)]
    found = walked(group(SHOP), keys)
    assert [(unit.key, unit.suite) for unit in found] == [(each, "shop") for each in keys]


def test_an_unexpected_file_belongs_to_the_whole_suite_that_covers_it():
    keys = [key("shop/deep/x.yaml", "YamlFile"), key("extra/d.py"), key("shopping/y.py")]
    assert walked(group(SHOP, MAIL), keys) == (
        UnitPlan(key=keys[0], suite="shop"),
        UnitPlan(key=keys[1], suite="mail"),
    )


def test_an_unexpected_file_does_not_belong_to_a_suite_that_was_filtered():
    filtered = suite("shop", "shop/a.py", paths=("shop",), is_whole=False)
    assert walked(group(filtered), [key("shop/b.py")]) == ()


def test_a_suite_of_the_whole_project_covers_everything():
    assert [u.suite for u in walked(group(suite("all", paths=(".",))), [key("x/y.py")])] == ["all"]


def test_a_walk_as_foreseen_differs_in_nothing():
    keys = [key("shop/b.py"), key("shop/a.py"), key("shop/a.py", "DoctestModule")]
    assert difference(group(SHOP), walked(group(SHOP), keys)) is None


def test_both_sides_of_a_difference_are_named():
    units = walked(group(SHOP), [key("shop/z.py"), key("shop/b.py"), key("shop/x.py")])
    assert difference(group(SHOP), units) == ForecastDiffered(
        group=3, missing=("shop/a.py",), unexpected=("shop/x.py", "shop/z.py")
    )


def test_a_file_is_owned_by_the_group_of_its_suite_else_by_any_that_has_it():
    first = Group(index=0, suites=(SHOP,), arguments=(), interpreter="python")
    second = Group(
        index=1, suites=(suite("again", "shop/a.py"), MAIL), arguments=(), interpreter="python"
    )
    owners = Owners([first, second])
    assert owners.find("shop/a.py", "again") is second
    assert owners.find("shop/a.py", "shop") is first
    assert owners.find("shop/a.py", "renamed") is first
    assert owners.find("mail/c.py") is second
    assert owners.find("shop/unforeseen.yaml") is first
    assert owners.find("elsewhere.py") is None
