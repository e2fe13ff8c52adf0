from __future__ import annotations

from typing import Any

import pytest

from unified_test_runner.catalogue.content import SuiteSpec
from unified_test_runner.failures import FailureRecord, Recall
from unified_test_runner.planning.candidates import ChosenFile, ChosenSuite
from unified_test_runner.planning.recalling import Narrowed, RecallRequest, narrow

A, B, C = "one/test_a.py", "one/test_b.py", "two/test_c.py"


def chosen(path: str, *node_ids: str) -> ChosenFile:
    return ChosenFile(
        path=path, size_bytes=1, by=frozenset(), reasons=("why",),
        node_ids=tuple(f"{path}::{each}" for each in node_ids),
    )  # fmt: skip


def suite(*files: ChosenFile, is_whole: bool = True) -> ChosenSuite:
    folder = files[0].path.partition("/")[0]
    spec = SuiteSpec(name=folder, paths=(folder,))
    return ChosenSuite(spec=spec, files=files, starts=(folder,), is_whole=is_whole)


SUITES = (suite(chosen(A), chosen(B)), suite(chosen(C)))


def narrowed(root: Any, mode: Recall, failed: Any = None, suites: Any = SUITES, **more: Any) -> Any:
    record = FailureRecord(failed=failed or {}, stopped_at=more.pop("stopped_at", None))
    return narrow(root, suites, RecallRequest(mode=mode, record=record, **more))


def paths(found: Narrowed) -> list[str]:
    return [file.path for each in found.suites for file in each.files]


def test_without_a_wish_nothing_changes(tmp_path):
    found = narrowed(tmp_path, Recall.NONE, {A: ("x",)})
    assert found == Narrowed(suites=SUITES)
    assert found.recalled.urgent == frozenset()


def test_only_files_with_failures_are_left(tmp_path):
    found = narrowed(tmp_path, Recall.ONLY, {B: ("x", "y"), "gone.py": ("z",)})
    assert paths(found) == [B]
    assert found.recalled.names == {B: ("x", "y")}
    # A walk of the folder would bring the others back.
    assert not found.suites[0].is_whole
    assert found.notice == ""


def test_files_with_failures_are_urgent_and_none_is_left_out(tmp_path):
    found = narrowed(tmp_path, Recall.FIRST, {C: ("x",)})
    assert paths(found) == [A, B, C]
    assert found.recalled.urgent == {C}
    assert found.suites[0].is_whole


@pytest.mark.parametrize(
    ("given", "failed", "is_left"),
    [
        ("test_x", ("test_x",), True), ("test_x", ("test_x[1]",), True),
        ("TestX", ("TestX::test_y",), True), ("test_x", ("test_xy",), False),
        ("test_x", ("test_y",), False), ("test_x", ("",), True),
    ],
)  # fmt: skip
def test_a_named_test_must_be_among_the_failures(tmp_path, given, failed, is_left):
    suites = (suite(chosen(A, given), chosen(B), is_whole=False),)
    found = narrowed(tmp_path, Recall.ONLY, {A: failed, B: ("z",)}, suites)
    assert paths(found) == ([A, B] if is_left else [B])


@pytest.mark.parametrize("mode", [Recall.ONLY, Recall.FIRST])
@pytest.mark.parametrize(
    ("failed", "why"),
    [
        ({}, "no failure is recorded"),
        ({"three/d.py": ("x",)}, "the one recorded failure is not among"),
        ({"three/d.py": ("x", "y")}, "none of the 2 recorded failures is among"),
    ],
)
def test_without_a_failure_everything_runs_and_it_is_said(tmp_path, mode, failed, why):
    found = narrowed(tmp_path, mode, failed)
    assert paths(found) == [A, B, C]
    assert why in found.notice
    assert "everything selected runs" in found.notice


def test_without_a_failure_nothing_runs_where_that_is_asked_for(tmp_path):
    found = narrowed(tmp_path, Recall.ONLY, runs_none_without=True)
    assert found.suites == ()
    assert "nothing runs" in found.notice


def test_a_failed_file_that_only_pytest_finds_is_chosen_where_all_are(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "odd.yaml").write_text("abc")
    failed = {"one/odd.yaml": ("x",), "one/conftest.py": ("",)}
    found = narrowed(tmp_path, Recall.ONLY, failed)
    assert paths(found) == ["one/odd.yaml"]
    assert found.suites[0].files[0].size_bytes == 3
    part = (suite(chosen(A), is_whole=False),)
    assert paths(narrowed(tmp_path, Recall.ONLY, failed, part)) == [A]


def test_a_stepwise_run_goes_on_where_it_stopped(tmp_path):
    found = narrowed(tmp_path, Recall.FROM, stopped_at=(B, "test_x"))
    assert paths(found) == [B, C]
    assert found.recalled.names == {B: ("test_x",)}
    assert [each.is_whole for each in found.suites] == [False, True]
    assert found.notice == f"goes on from {B}::test_x"


@pytest.mark.parametrize("stopped_at", [None, ("gone.py", "x")])
def test_a_stepwise_run_without_a_place_starts_at_the_beginning(tmp_path, stopped_at):
    found = narrowed(tmp_path, Recall.FROM, stopped_at=stopped_at)
    assert paths(found) == [A, B, C]
    assert bool(found.notice) is (stopped_at is not None)
