from __future__ import annotations

import pytest

from unified_test_runner.locks import is_free
from unified_test_runner.model import UnitKey
from unified_test_runner.steps import UnitPlan


def unit(*locks: str, is_serial: bool = False) -> UnitPlan:
    return UnitPlan(
        key=UnitKey(path="a.py"), suite="s", locks=frozenset(locks), is_serial=is_serial
    )


@pytest.mark.parametrize(
    ("one", "busy", "expected"),
    [
        (unit(), [], True),
        (unit(), [unit(), unit("port")], True),
        (unit("port"), [unit("file")], True),
        (unit("port", "file"), [unit("file")], False),
        (unit("port"), [unit(), unit("port")], False),
        (unit(is_serial=True), [], True),
        (unit(is_serial=True), [unit()], False),
        (unit(), [unit(is_serial=True)], False),
    ],
)
def test_who_may_run_beside_whom(one, busy, expected):
    assert is_free(one, busy) is expected
