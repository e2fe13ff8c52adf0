from __future__ import annotations

import pytest

from unified_test_runner.catalogue.faults import Faults, Place, nearest
from unified_test_runner.errors import CatalogueError
from unified_test_runner.model import ExitCode


def test_no_fault_raises_nothing() -> None:
    Faults(label="c.yaml").raise_any()


def test_r27_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    faults = Faults(label="c.yaml")
    faults.add(Place(10, 1), "later")
    faults.add(Place(2, 9), "right", "look left")
    faults.add(Place(2, 1), "left")
    faults.add(Place(2, 1), "left")
    with pytest.raises(CatalogueError) as caught:
        faults.raise_any()
    assert caught.value.faults == (
        "c.yaml:2:1: left",
        "c.yaml:2:9: right (hint: look left)",
        "c.yaml:10:1: later",
    )
    assert caught.value.exit_code is ExitCode.USAGE


NEAREST = [
    ("servces", ["services", "suites"], "did you mean 'services'?"),
    ("Redis", ["redis"], "did you mean 'redis'?"),
    ("zzz", ["a", "b"], "known: a, b"),
    ("zzz", [], ""),
    ("zzz", [str(n) for n in range(40)], ""),
]


@pytest.mark.parametrize(("name", "known", "hint"), NEAREST)
def test_the_nearest_name_else_what_there_is(name: str, known: list[str], hint: str) -> None:
    assert nearest(name, known) == hint
