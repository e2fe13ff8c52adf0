from __future__ import annotations

import shutil
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner import rundir
from unified_test_runner.errors import RunDirectoryError
from unified_test_runner.exitcodes import ExitCode
from unified_test_runner.rundir import (
    FOLDER,
    KEPT,
    KEPT_SERIES,
    kept_runs,
    make_home,
    make_run_directory,
    make_trials_directory,
    new_run_id,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1))  # noqa: DTZ001


def run_id(number: int) -> str:
    return f"20260101-0000{number:02}-{number:08x}"


def old_run(runs: Path, name: str, *, has_log: bool = True) -> Path:
    folder = runs / name
    folder.mkdir(parents=True)
    if has_log:
        (folder / "events.jsonl").touch()
    return folder


@given(TIMES, TIMES)
def test_run_ids_sort_by_time(one, other):
    first, second = sorted([one.replace(microsecond=0), other.replace(microsecond=0)])
    if first < second:
        assert new_run_id(first) < new_run_id(second)


def test_run_ids_of_one_second_differ_and_are_recognised():
    made = {new_run_id(NOW) for _ in range(50)}
    assert len(made) == 50
    for name in made:
        assert name.startswith("20260304-050607-")
        assert rundir._RUN_ID.fullmatch(name)


def test_a_run_has_its_folders_under_the_root(tmp_path):
    made = make_run_directory(tmp_path, run_id(1), None)
    assert made.path == tmp_path / FOLDER / "runs" / run_id(1)
    assert made.events == made.path / "events.jsonl"
    assert made.notice == ""
    assert {item.name for item in made.path.iterdir()} == {"workers", "services", "reports"}
    assert made.workers.is_dir()
    assert made.services.is_dir()


def test_git_ignores_the_folder_and_an_own_rule_in_it_stays(tmp_path):
    ignore = make_home(tmp_path) / ".gitignore"
    assert ignore.read_text() == "*\n"
    ignore.write_text("!history.db\n")
    make_home(tmp_path)
    assert ignore.read_text() == "!history.db\n"


def test_the_oldest_runs_are_forgotten(tmp_path):
    runs = tmp_path / FOLDER / "runs"
    old = [old_run(runs, run_id(number)) for number in range(KEPT + 5)]
    make_run_directory(tmp_path, new_run_id(NOW), None)
    assert [folder for folder in old if folder.exists()] == old[5:]


def test_r36_only_folders_that_are_runs_of_ours_are_removed(tmp_path):
    runs = tmp_path / FOLDER / "runs"
    for number in range(KEPT + 1):
        old_run(runs, run_id(number))
    elsewhere = old_run(tmp_path / "elsewhere", run_id(0))
    foreign = [
        old_run(runs, "00000000-keep"),
        old_run(runs, "20250101-000000-XYZ"),
        old_run(runs, "20250101-000000-0000000g"),
        old_run(runs, "20250101-000000-00000000", has_log=False),
    ]
    link = runs / "20250101-000001-00000001"
    link.symlink_to(elsewhere)
    make_run_directory(tmp_path, new_run_id(NOW), None)
    assert not (runs / run_id(0)).exists()
    assert all(folder.exists() for folder in foreign)
    assert (elsewhere / "events.jsonl").exists()


def test_a_directory_that_is_named_is_made_and_nothing_is_pruned(tmp_path):
    runs = tmp_path / FOLDER / "runs"
    old = [old_run(runs, run_id(number)) for number in range(KEPT + 5)]
    made = make_run_directory(tmp_path, run_id(90), tmp_path / "my" / "run")
    assert made.path == tmp_path / "my" / "run"
    assert made.workers.is_dir()
    assert all(folder.exists() for folder in old)


def test_a_named_directory_that_cannot_be_made_is_an_error_with_a_hint(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(RunDirectoryError, match="cannot be made: ") as caught:
        make_run_directory(tmp_path, run_id(1), tmp_path / "taken" / "run")
    assert "--run-dir" in caught.value.hint
    assert caught.value.exit_code is ExitCode.INTERNAL


@pytest.mark.parametrize("in_the_way", [FOLDER, f"{FOLDER}/runs"])
def test_a_project_that_cannot_be_written_runs_elsewhere_with_a_notice(tmp_path, in_the_way):
    """A file stands where a folder belongs: refused whoever asks, even root."""
    obstacle = tmp_path / in_the_way
    obstacle.parent.mkdir(exist_ok=True)
    obstacle.touch()
    made = make_run_directory(tmp_path, run_id(1), None)
    try:
        assert made.path.is_relative_to(Path(tempfile.gettempdir()))
        assert not made.path.is_relative_to(tmp_path)
        assert made.workers.is_dir()
        assert str(made.path) in made.notice
        assert FOLDER in made.notice
    finally:
        shutil.rmtree(made.path)


def test_a_series_of_trials_is_kept_apart_and_the_oldest_are_forgotten(tmp_path):
    runs = [old_run(tmp_path / FOLDER / "runs", run_id(n)) for n in range(2)]
    stranger = tmp_path / FOLDER / "bisect" / "notes"
    stranger.mkdir(parents=True)
    made = [make_trials_directory(tmp_path, run_id(n)) for n in range(KEPT_SERIES + 2)]
    assert [folder.is_dir() for folder in made] == [False, False, *[True] * KEPT_SERIES]
    assert stranger.is_dir()
    assert kept_runs(tmp_path) == runs
    assert (tmp_path / FOLDER / ".gitignore").is_file()


def test_a_series_in_a_project_that_cannot_be_written_goes_elsewhere(tmp_path, monkeypatch):
    (tmp_path / FOLDER).touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = make_trials_directory(tmp_path, run_id(1))
    assert made.is_dir()
    assert made.parent == tmp_path


def test_only_what_bears_a_runs_name_and_log_is_a_kept_run(tmp_path):
    assert kept_runs(tmp_path) == []
    runs = tmp_path / FOLDER / "runs"
    mine = old_run(runs, run_id(1))
    old_run(runs, run_id(2), has_log=False)
    old_run(runs, "other")
    assert kept_runs(tmp_path) == [mine]
