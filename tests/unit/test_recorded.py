from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.errors import UsageError
from unified_test_runner.events import NoticeGiven, Stamped, encode
from unified_test_runner.recorded import find_log, logs, read_run
from unified_test_runner.rundir import FOLDER

if TYPE_CHECKING:
    from pathlib import Path


def kept(root: Path, *names: str) -> list[Path]:
    """Runs in a project; they ended in the order given."""
    made = []
    for number, name in enumerate(names):
        folder = root / FOLDER / "runs" / name
        folder.mkdir(parents=True)
        (folder / "events.jsonl").touch()
        os.utime(folder / "events.jsonl", ns=(number, number))
        made.append(folder / "events.jsonl")
    return made


ONE = "20260101-000000-ffffffff"
TWO = "20260101-000000-00000000"
THREE = "20260102-000000-00000000"


def test_a_run_is_found_by_id_by_folder_and_by_log(tmp_path):
    (log,) = kept(tmp_path, ONE)
    below = tmp_path / "tests"
    below.mkdir()
    for given in (ONE, str(log), str(log.parent), f"../{FOLDER}/runs/{ONE}"):
        assert find_log(given, tmp_path, below).resolve() == log


@pytest.mark.parametrize("run", ["gone", "", "a\x00b", ".", "tests"])
def test_what_is_no_run_is_refused_with_the_last_one(run, tmp_path):
    kept(tmp_path, ONE, TWO)
    (tmp_path / "tests").mkdir()
    with pytest.raises(UsageError) as raised:
        find_log(run, tmp_path, tmp_path)
    assert raised.value.hint == f"the last run here is {TWO}"


def test_without_any_run_the_hint_says_so(tmp_path):
    with pytest.raises(UsageError, match="no run is kept here"):
        find_log(ONE, tmp_path, tmp_path)


def test_the_latest_log_comes_first_also_within_a_second(tmp_path):
    one, two, three = kept(tmp_path, ONE, TWO, THREE)
    assert list(logs(tmp_path)) == [three, two, one]


def test_reading_gives_the_events(tmp_path):
    event = Stamped(seq=1, t_mono=0.0, event=NoticeGiven(level="info", message="é"))
    log = tmp_path / "log"
    log.write_text(f"{encode(event)}\n")
    assert list(read_run(log)) == [event]


def test_a_log_that_cannot_be_read_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        list(read_run(tmp_path / "gone"))
