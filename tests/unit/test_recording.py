from __future__ import annotations

import itertools
from collections import Counter

import pytest

from unified_test_runner.errors import RunDirectoryError
from unified_test_runner.events import ErrorRaised, NoticeGiven
from unified_test_runner.exitcodes import ExitCode
from unified_test_runner.recording import Recorder
from unified_test_runner.reporters.publisher import Publisher
from unified_test_runner.verdict import reach


class Keeps:
    """A reporter that keeps what it is shown."""

    def __init__(self) -> None:
        self.seen: list = []
        self.ticks: list[float] = []
        self.is_closed = False

    def handle(self, stamped, report):
        self.seen.append(stamped)

    def tick(self, now_s):
        self.ticks.append(now_s)

    def close(self, report):
        self.is_closed = True

    @property
    def events(self):
        return [stamped.event for stamped in self.seen]


class Fails(Keeps):
    """A reporter that cannot write: the first time only, or always and each time anew."""

    def __init__(self, *, times: int, differs: bool = False) -> None:
        super().__init__()
        self._left = times
        self._differs = differs

    def handle(self, stamped, report):
        super().handle(stamped, report)
        self._left -= 1
        if self._left >= 0:
            detail = f" at {stamped.seq}" if self._differs else ""
            raise RunDirectoryError(f"the disk is full{detail}", hint="free some space")

    def close(self, report):
        super().close(report)
        if self._left > 0:
            raise RunDirectoryError("the report cannot be written")


def recorder(*reporters) -> Recorder:
    ticks = itertools.count(100.0, 0.5)
    return Recorder(Publisher(reporters), lambda: next(ticks))


def notice(text: str) -> NoticeGiven:
    return NoticeGiven(level="info", message=text)


FULL = ErrorRaised(message="the disk is full", hint="free some space", exit_code=ExitCode.INTERNAL)


def test_events_are_numbered_and_timed_from_the_start_of_the_run():
    keeps = Keeps()
    record = recorder(keeps)
    record.emit(notice("a"))
    record.emit(notice("b"))
    assert [(s.seq, s.t_mono, s.event.message) for s in keeps.seen] == [
        (1, 0.5, "a"), (2, 1.0, "b"),
    ]  # fmt: skip


def test_a_reporter_that_fails_becomes_an_event_and_takes_nothing_from_the_others():
    before, after = Keeps(), Keeps()
    record = recorder(before, Fails(times=1), after)
    record.emit(notice("a"))
    record.emit(notice("b"))
    assert before.events == after.events == [notice("a"), FULL, notice("b")]
    assert [stamped.seq for stamped in after.seen] == [1, 2, 3]
    assert reach(record.report).code is ExitCode.INTERNAL


@pytest.mark.parametrize("differs", [False, True], ids=["same words", "new words each time"])
def test_a_reporter_that_fails_at_everything_is_told_of_and_the_run_goes_on(differs):
    keeps, fails = Keeps(), Fails(times=50, differs=differs)
    record = recorder(fails, keeps)
    for text in "abc":
        record.emit(notice(text))
    assert [e.message for e in keeps.events if isinstance(e, NoticeGiven)] == ["a", "b", "c"]
    errors = [event for event in keeps.events if isinstance(event, ErrorRaised)]
    assert len(errors) == (3 if differs else 1)
    assert fails.events == keeps.events


def test_every_reporter_is_closed_and_the_first_fault_is_returned():
    keeps = Keeps()
    record = recorder(Fails(times=50), keeps)
    assert record.close() == "the report cannot be written"
    assert keeps.is_closed


def test_an_end_without_faults_says_nothing():
    assert recorder(Keeps()).close() == ""


def test_displays_are_told_the_time_of_the_run():
    keeps = Keeps()
    record = recorder(keeps)
    record.tick()
    assert keeps.ticks == [0.5]


def test_what_is_held_is_published_in_order_with_the_time_at_which_it_happened():
    keeps = Keeps()
    record = recorder(keeps)
    with record.held():
        record.emit(notice("a"))
        record.emit(notice("b"))
        assert keeps.seen == []
    record.emit(notice("c"))
    assert [(s.seq, s.t_mono, s.event.message) for s in keeps.seen] == [
        (1, 0.5, "a"), (2, 1.0, "b"), (3, 1.5, "c"),
    ]  # fmt: skip


def test_whoever_asks_for_the_report_sees_what_was_held():
    keeps = Keeps()
    record = recorder(keeps)
    with record.held():
        record.emit(notice("a"))
        assert [each.message for each in record.report.notices] == ["a"]
        record.emit(notice("b"))
        record.show(1, ["line"])
        assert [event.message for event in keeps.events] == ["a", "b"]


def test_what_is_held_is_published_also_where_the_listener_fails():
    keeps = Keeps()
    record = recorder(keeps)

    def listen() -> None:
        with record.held():
            record.emit(notice("a"))
            raise KeyError("a worker")

    with pytest.raises(KeyError):
        listen()
    assert [event.message for event in keeps.events] == ["a"]


def test_a_reporter_that_fails_at_what_was_held_is_told_of():
    fails, keeps = Fails(times=1), Keeps()
    record = recorder(fails, keeps)
    with record.held():
        record.emit(notice("a"))
        record.emit(notice("b"))
    assert Counter(map(type, keeps.events)) == {NoticeGiven: 2, ErrorRaised: 1}
    assert sorted(stamped.seq for stamped in keeps.seen) == [1, 2, 3]
