from __future__ import annotations

import io
import re

import pytest

from unified_test_runner.events import Stamped, TestFinished, TestStarted, UnitStarted
from unified_test_runner.model import Outcome
from unified_test_runner.reporters import ReporterSettings, make_reporters
from unified_test_runner.reporters.publisher import Publisher
from unified_test_runner.reporters.replay import read_log, replay_into

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def console(**fields):
    stream = io.StringIO()
    chosen = {"format": "auto", "is_terminal": True, "width": 80, "height": 12, **fields}
    publisher = Publisher(make_reporters(ReporterSettings(stream=stream, **chosen)))
    return publisher, stream


def started(number: int, nodeid: str = "suites/a.py::test") -> Stamped:
    event = TestStarted(worker=number, nodeid=f"{nodeid}_{number}", suite="s")
    return Stamped(seq=number, t_mono=number / 1000, event=event)


def picture(stream: io.StringIO) -> list[str]:
    """What was drawn since the last look."""
    text = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return [line for line in CONTROL.sub("", text).split("\n") if line.strip()]


def test_it_shows_what_runs_and_for_how_long():
    publisher, stream = console()
    publisher.publish(started(1))
    publisher.tick(3.0)
    assert picture(stream) == [
        "[w1]    3.0s  suites/a.py::test_1",
        "3.0s  no test has ended yet",
    ]


def test_at_most_ten_pictures_a_second():
    publisher, stream = console()
    publisher.publish(started(1))
    drawn = 0
    for hundredth in range(100):
        publisher.tick(1 + hundredth / 100)
        drawn += bool(picture(stream))
    assert 9 <= drawn <= 10


def test_never_more_lines_than_the_terminal_has():
    publisher, stream = console(height=10)
    for number in range(1, 65):
        publisher.publish(started(number))
    publisher.tick(5.0)
    lines = picture(stream)
    assert len(lines) < 10
    assert lines[0].startswith("[w1] ")
    assert f"and {64 - len(lines) + 2} more" in lines


def test_failures_stand_above_as_they_come():
    publisher, stream = console(color=True)
    publisher.publish(started(1))
    event = TestFinished(
        worker=1,
        nodeid="[bold]x",
        suite="s",
        outcome=Outcome.FAILED,
        duration_s=1,
        reason="[red]no",
    )
    publisher.publish(Stamped(seq=2, t_mono=1.0, event=event))
    publisher.tick(1.0)
    assert picture(stream)[0] == "FAILED [bold]x - [red]no"


def test_running_tests_are_cut_to_the_width():
    publisher, stream = console(width=40)
    publisher.publish(started(1, "suites/日本語" + "long" * 40))
    publisher.tick(1.0)
    assert all(len(line) < 40 for line in picture(stream))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("name", ["all_passed", "mixture", "hostile", "withheld", "killed"])
def test_it_leaves_the_same_summary_as_the_plain_console(log_lines, name, encoding):
    texts = []
    for form in ("live", "plain"):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
        settings = ReporterSettings(
            stream=stream, format=form, width=100, height=30, encoding=encoding
        )
        replay_into(log_lines(name), make_reporters(settings))
        stream.flush()
        texts.append(CONTROL.sub("", raw.getvalue().decode(encoding)).splitlines())
    live, plain = texts
    start = next(number for number, line in enumerate(plain) if line.startswith("--- "))
    assert live[-len(plain[start:]) :] == plain[start:]


def test_no_colour_unless_asked_for(log_lines):
    for color in (False, True):
        stream = io.StringIO()
        settings = ReporterSettings(stream=stream, format="live", width=80, height=30, color=color)
        replay_into(log_lines("mixture"), make_reporters(settings))
        assert ("\x1b[31m" in stream.getvalue()) is color


def test_a_terminal_that_has_gone_does_not_end_the_run(log_lines):
    publisher, stream = console()
    stream.close()
    for stamped in read_log(log_lines("mixture")):
        publisher.publish(stamped)
        publisher.tick(stamped.t_mono)
    publisher.close()
    assert publisher.report.bad_entries


def test_services_are_shown_while_they_start(log_lines):
    publisher, stream = console()
    for stamped in list(read_log(log_lines("all_passed")))[:4]:
        publisher.publish(stamped)
    publisher.tick(1.0)
    assert any("postgres starting 1.0s  redis starting 1.0s" in line for line in picture(stream))


def test_the_counter_says_how_far_it_is(log_lines):
    publisher, stream = console()
    for stamped in list(read_log(log_lines("all_passed")))[:-8]:
        publisher.publish(stamped)
    publisher.publish(Stamped(seq=99, t_mono=2.2, event=UnitStarted(worker=1, path="x", suite="s")))
    publisher.tick(2.5)
    assert picture(stream)[-1].startswith("2.5s  1/2 files  4 passed")
