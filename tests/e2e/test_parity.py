"""The parity harness on small projects that together use most of what pytest can do."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
Compare = Callable[..., Any]
_IDS = "plain: ids differ between its runs"
PARITY = Path(__file__).parents[1] / "parity"

#: The names of `projects.SAME`, which is not at hand before the harness's folder is.
SAME = (
    "unittest", "fixtures", "hooks", "strict", "doctests", "asynchronous", "prepend", "append",
    "importlib", "nested ini",
)  # fmt: skip


@pytest.fixture
def compare(project: Make, monkeypatch: pytest.MonkeyPatch) -> Compare:
    """Return the harness as a function of a project's name; gives its rows."""
    monkeypatch.syspath_prepend(PARITY)
    runs, harness, projects = map(importlib.import_module, ("runs", "harness", "projects"))

    def run(name: str, *options: str, workers: tuple[int, ...] = (2, 8)) -> Any:
        files, paths, arguments = {**projects.SAME, **projects.KNOWN}[name]
        suite = runs.Suite(project(files).root, paths, arguments)
        return harness.rows("project", suite, workers, options), harness.table

    return run


@pytest.mark.parametrize("name", SAME)
def test_outcomes_are_those_of_plain_pytest(compare: Compare, name: str) -> None:
    rows, table = compare(name)
    assert not any(row.differences or row.note for row in rows), "\n" + table(rows)
    assert rows[0].tests >= 2


@pytest.mark.parametrize("variant", ["-kinner or order", "-mxfail", "--deselect=tests/package"])
def test_a_selection_is_that_of_plain_pytest(compare: Compare, variant: str) -> None:
    rows, table = compare("fixtures", variant, workers=())
    assert not any(row.differences or row.note for row in rows), "\n" + table(rows)


def test_known_difference_a_session_parameter_is_set_up_once_per_file(compare: Compare) -> None:
    rows, table = compare("session parameters", workers=(2,))
    differing = {found.name[1].partition("::")[0] for row in rows for found in row.differences}
    assert differing <= {"tests/test_a.py", "tests/test_b.py"}, "\n" + table(rows)


def test_known_difference_equal_names_meet_only_in_one_worker(compare: Compare) -> None:
    rows, table = compare("equal names", workers=(8,))
    assert not any(row.unexplained for row in rows), "\n" + table(rows)


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(PARITY)
    return importlib.import_module("outcomes")


def of(*pairs: str) -> Counter[tuple[tuple[str, str], str]]:
    """`a passed` → the multiset of outcomes."""
    split = (pair.rsplit(" ", 1) for pair in pairs)
    return Counter((("test", nodeid), outcome) for nodeid, outcome in split)


@pytest.mark.parametrize(
    ("first", "second", "ours", "proofs"),
    [
        (["a passed"], ["a passed"], ["a passed"], []),
        (["a passed"], ["a passed"], ["a failed"], [""]),
        (["a passed"], ["a passed"], [], [""]),
        ([], [], ["a passed"], [""]),
        (["a passed", "a passed"], ["a passed"] * 2, ["a passed"], [""]),
        (["a passed"], ["a failed"], ["a failed"], ["plain: second run"]),
        (["a passed"], ["a failed"], ["a error"], [""]),
        (["a[1] passed"], ["a[2] passed"], ["a[3] passed"], ["plain: second run", _IDS]),
        (["a[1] passed"], ["a[2] passed"], ["a[3] failed"], ["plain: second run", ""]),
        (["a[1] passed"], ["a[1] passed"], ["a[3] passed"], ["", ""]),
    ],
)
def test_a_difference_needs_a_proof(
    outcomes: Any, first: list[str], second: list[str], ours: list[str], proofs: list[str]
) -> None:
    runs = {"first run": of(*first), "second run": of(*second)}
    assert [found.proof for found in outcomes.compare(runs, of(*ours))] == proofs
