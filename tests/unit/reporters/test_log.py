from __future__ import annotations

import errno
import io
import os

import pytest

from unified_test_runner.errors import RunDirectoryError
from unified_test_runner.events import LateErrorRecorded, NoticeGiven, Stamped, TestFinished
from unified_test_runner.model import Outcome, PhaseResult, Section, When
from unified_test_runner.reporters import ReporterSettings, make_reporters
from unified_test_runner.reporters.log import LIMIT_BYTES, EventLog, LongOutputs
from unified_test_runner.reporters.publisher import Publisher
from unified_test_runner.reporters.replay import read_log


def notice(seq: int = 1, t_mono: float = 0.5) -> Stamped:
    return Stamped(seq=seq, t_mono=t_mono, event=NoticeGiven(level="info", message="hello"))


def failed(text: str, longrepr: str = "short") -> Stamped:
    section = Section(title="Captured stdout call", text=text)
    phase = PhaseResult(
        when=When.CALL, outcome="failed", duration_s=0, longrepr=longrepr, sections=(section,)
    )
    event = TestFinished(
        worker=1, nodeid="a.py::b", suite="s", outcome=Outcome.FAILED, duration_s=0, phases=(phase,)
    )
    return Stamped(seq=7, t_mono=1.0, event=event)


def test_each_event_is_in_the_file_before_the_next(tmp_path):
    path = tmp_path / "runs" / "events.jsonl"
    log = EventLog(path)
    for seq in (1, 2):
        log.handle(notice(seq), None)
        assert len(path.read_text().splitlines()) == seq
    log.close(None)
    assert [stamped.seq for stamped in read_log(path.read_text().splitlines())] == [1, 2]


def test_a_short_write_is_continued(tmp_path, monkeypatch):
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:5]))
    log.handle(notice(), None)
    log.close(None)
    assert list(read_log(path.read_text().splitlines())) == [notice()]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match=r"file/events\.jsonl: the event log cannot"):
        EventLog(tmp_path / "file" / "events.jsonl")


def test_a_full_disk_is_told_once_and_the_console_goes_on(tmp_path, monkeypatch):
    def full(_descriptor: int, _data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    stream = io.StringIO()
    settings = ReporterSettings(
        stream=stream, format="plain", events_path=tmp_path / "events.jsonl"
    )
    publisher = Publisher(make_reporters(settings))
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RunDirectoryError, match="No space left on device; the run goes on"):
        publisher.publish(notice())
    publisher.publish(notice(2))
    publisher.close()
    assert stream.getvalue().startswith("info: hello\ninfo: hello\n")


def test_r29_long_outputs_go_to_files_that_the_event_names(tmp_path):
    folder = tmp_path / "outputs"
    text = "".join(f"line {number}\n" for number in range(20_000))
    bounded = LongOutputs(folder).bound(failed(text, longrepr="x" * (LIMIT_BYTES + 1)))
    (phase,) = bounded.event.phases
    excerpt = phase.sections[0].text
    assert excerpt.startswith("line 0\n")
    assert excerpt.endswith("line 19999\n")
    assert f"the whole text ({len(text)} bytes) is in outputs/000007-call-1.txt" in excerpt
    assert len(excerpt.encode()) <= LIMIT_BYTES
    assert (folder / "000007-call-1.txt").read_text() == text
    assert "outputs/000007-call.txt" in phase.longrepr


@pytest.mark.parametrize("text", ["x" * LIMIT_BYTES, "é" * (LIMIT_BYTES // 2)])
def test_what_fits_is_left_alone(tmp_path, text):
    stamped = failed(text)
    assert LongOutputs(tmp_path / "outputs").bound(stamped) is stamped
    assert not (tmp_path / "outputs").exists()


def test_a_late_error_is_bounded_too(tmp_path):
    phase = PhaseResult(
        when=When.TEARDOWN, outcome="failed", duration_s=0, longrepr="\ud800" * LIMIT_BYTES
    )
    event = LateErrorRecorded(worker=1, nodeid="a.py::b", phase=phase)
    bounded = LongOutputs(tmp_path).bound(Stamped(seq=1, t_mono=0, event=event))
    assert "000001-teardown.txt" in bounded.event.phase.longrepr


def test_an_output_that_cannot_be_kept_does_not_lose_the_event(tmp_path):
    (tmp_path / "outputs").write_text("a file is in the way")
    bounded = LongOutputs(tmp_path / "outputs").bound(failed("x" * (LIMIT_BYTES + 1)))
    assert "cannot be written" in bounded.event.phases[0].sections[0].text


def test_log_and_console_see_the_same_shortened_event(tmp_path):
    path = tmp_path / "events.jsonl"
    settings = ReporterSettings(stream=io.StringIO(), format="plain", events_path=path)
    publisher = Publisher(make_reporters(settings), LongOutputs(tmp_path / "outputs"))
    publisher.publish(failed("x" * (LIMIT_BYTES + 1)))
    publisher.close()
    (logged,) = read_log(path.read_text().splitlines())
    (entry,) = publisher.report.entries.values()
    assert entry.last.phases == logged.event.phases
