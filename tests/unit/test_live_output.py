from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.live_output import BEHIND_BYTES, LINE_BYTES, LiveOutput
from unified_test_runner.worker.protocol import TestEnded, Walked

if TYPE_CHECKING:
    from pathlib import Path

WALKED = Walked(units=(), startup_s=0.0, is_live=True)
ENDED = TestEnded(
    duration_s=0, cpu_s=0, rss_before_bytes=0, rss_after_bytes=0, peak_rss_bytes=0
)  # fmt: skip


class Desk:
    """Two workers' files, and what was shown of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown: list[str] = []
        self.live = LiveOutput(self._path, self._show)

    def _path(self, worker: int) -> Path:
        return self._folder / f"worker-{worker}.log"

    def _show(self, worker: int, lines: list[str]) -> None:
        self._shown += [f"{worker}: {line}" for line in lines]

    def prints(self, worker: int, data: bytes) -> None:
        with self._path(worker).open("ab") as file:
            file.write(data)

    def shown(self) -> list[str]:
        found, self._shown = self._shown, []
        return found


@pytest.fixture
def desk(tmp_path) -> Desk:
    made = Desk(tmp_path)
    made.live.heed(0, WALKED)
    return made


def test_lines_are_shown_as_they_are_completed(desk):
    desk.prints(0, b"one\ntw")
    desk.live.mark()
    desk.live.read()
    assert desk.shown() == ["0: one"]
    desk.live.mark()
    desk.live.read()
    assert desk.shown() == []
    desk.prints(0, b"o\n\nthree\n")
    desk.live.mark()
    desk.live.read()
    assert desk.shown() == ["0: two", "0: ", "0: three"]


def test_a_worker_that_captures_is_not_followed(desk):
    desk.live.heed(1, Walked(units=(), startup_s=0.0))
    desk.prints(1, b"captured elsewhere\n")
    desk.live.mark()
    desk.live.read()
    desk.live.heed(1, ENDED)
    desk.live.end(1)
    assert desk.shown() == []


def test_a_line_that_never_ended_is_shown_with_its_test_or_its_worker(desk):
    desk.prints(0, b"of the test")
    desk.live.heed(0, ENDED)
    assert desk.shown() == ["0: of the test"]
    desk.prints(0, b"of the end")
    desk.live.end(0)
    assert desk.shown() == ["0: of the end"]
    desk.live.end(0)
    assert desk.shown() == []


def test_the_output_of_one_test_is_not_run_into_that_of_the_next(desk):
    desk.prints(0, b"of onemore of two\n")
    desk.live.heed(0, dataclasses.replace(ENDED, output_at=len(b"of one")))
    assert desk.shown() == ["0: of one"]
    desk.live.mark()
    desk.live.read()
    assert desk.shown() == ["0: more of two"]


def test_a_flood_is_passed_over_but_for_its_end(desk):
    desk.prints(0, b"half a li")
    desk.live.mark()
    desk.live.read()
    flood = b"x" * 99 + b"\n"
    desk.prints(0, b"ne\n" + flood * (2 * BEHIND_BYTES // 100) + b"last\n")
    desk.live.mark()
    desk.live.read()
    shown = desk.shown()
    assert "bytes passed over; all is in worker-0.log" in shown[0]
    assert shown[-1] == "0: last"
    assert sum(map(len, shown)) < BEHIND_BYTES / 10
    desk.prints(0, b"afterwards\n")
    desk.live.mark()
    desk.live.read()
    assert desk.shown() == ["0: afterwards"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_without_end_comes_in_pieces(desk, end):
    desk.prints(0, b"y" * (3 * LINE_BYTES + 5) + end)
    desk.live.mark()
    desk.live.read()
    shown = desk.shown()
    assert max(map(len, shown)) <= LINE_BYTES + len("0: ")
    assert "".join(line[3:] for line in shown) == "y" * (3 * LINE_BYTES + 5)


def test_bytes_that_are_no_text_are_shown_as_escapes(desk):
    desk.prints(0, b"\xff\xfe caf\xc3\xa9\n")
    desk.live.mark()
    desk.live.read()
    assert desk.shown() == ["0: \\xff\\xfe café"]


def test_a_file_that_is_not_there_is_no_output(desk):
    desk.live.mark()
    desk.live.read()
    desk.live.end(0)
    assert desk.shown() == []


def test_what_lies_beyond_the_mark_waits_for_the_word_on_where_its_test_ended(desk):
    desk.prints(0, b"no end of line")
    desk.live.mark()
    desk.prints(0, b"next\n")
    desk.live.heed(0, dataclasses.replace(ENDED, output_at=14))
    desk.live.read()
    assert desk.shown() == ["0: no end of line"]
    desk.live.mark()
    desk.live.read()
    assert desk.shown() == ["0: next"]
