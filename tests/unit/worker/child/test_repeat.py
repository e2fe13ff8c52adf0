from __future__ import annotations

from types import SimpleNamespace

import pytest

from unified_test_runner.worker.child.utr_child.repeat import Kept

UNIT = ("a.py", "Module", 0)


@pytest.fixture
def item() -> SimpleNamespace:
    return SimpleNamespace(
        user_properties=[("given", 1)],
        _report_sections=[],
        parent=None,
        dtest=SimpleNamespace(globs={"name": 1}),
    )


def test_a_file_that_has_not_run_here_is_not_known():
    assert Kept().again(UNIT) is None


def test_a_file_without_tests_is_known_as_such():
    kept = Kept()
    kept.keep(UNIT, [])
    assert kept.again(UNIT) == []


def test_what_a_run_left_in_its_tests_is_undone_each_time(item):
    kept = Kept()
    kept.keep(UNIT, [item])
    for _ in range(2):
        item.user_properties.append(("recorded", 2))
        item._report_sections.append(("call", "stdout", "said"))
        item.dtest.globs["leftover"] = 1
        del item.dtest.globs["name"]
        assert kept.again(UNIT) == [item]
        assert item.user_properties == [("given", 1)]
        assert item._report_sections == []
        assert item.dtest.globs == {"name": 1}
        kept.keep(UNIT, [item])


def test_a_test_without_doctest_needs_none(item):
    del item.dtest
    kept = Kept()
    kept.keep(UNIT, [item])
    assert kept.again(UNIT) == [item]


def test_a_test_that_pytest_has_taken_its_function_from_gets_none_back(item):
    item._obj = len
    kept = Kept()
    kept.keep(UNIT, [item])
    for left, expected in ((repr, len), (None, None)):
        item._obj = left
        kept.again(UNIT)
        assert item._obj is expected
