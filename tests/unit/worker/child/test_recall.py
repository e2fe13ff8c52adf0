from __future__ import annotations

from types import SimpleNamespace

import pytest

from unified_test_runner.worker.child.utr_child.recall import recalled

INSIDE = ("test_a", "C::test_b[x::y]", "test_c", "test_c")


@pytest.mark.parametrize(
    ("mode", "names", "order"),
    [
        ("only", ["test_c", "test_a"], [0, 2, 3]),
        ("only", ["C::test_b[x::y]"], [1]),
        ("only", ["gone"], [0, 1, 2, 3]),
        ("only", ["gone", "test_a"], [0]),
        ("only", ["", "test_a"], [0, 1, 2, 3]),
        ("only", [], [0, 1, 2, 3]),
        ("first", ["test_c"], [2, 3, 0, 1]),
        ("first", ["gone"], [0, 1, 2, 3]),
        ("from", ["C::test_b[x::y]"], [1, 2, 3]),
        ("from", ["gone"], [0, 1, 2, 3]),
        ("", ["test_a"], [0, 1, 2, 3]),
    ],
)
def test_which_tests_of_a_file_run_in_which_order(mode, names, order):
    items = [SimpleNamespace(nodeid=f"tests/test_f.py::{each}") for each in INSIDE]
    found = recalled(items, mode, names)
    assert [next(i for i, item in enumerate(items) if item is each) for each in found] == order
