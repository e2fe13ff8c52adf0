from __future__ import annotations

import pytest

from unified_test_runner.errors import RunnerError
from unified_test_runner.events import NoticeGiven, Stamped
from unified_test_runner.reporters.publisher import Publisher


class Recorder:
    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.seen: list[object] = []

    def handle(self, stamped, report) -> None:
        self.seen.append(stamped)
        self._fail()

    def close(self, report) -> None:
        self.seen.append("close" if report.is_ended else "too early")
        self._fail()

    def _fail(self) -> None:
        if self.fault:
            raise RunnerError(self.fault)


class Clock(Recorder):
    def tick(self, now_s: float) -> None:
        self.seen.append(now_s)


EVENT = Stamped(seq=1, t_mono=0.1234567, event=NoticeGiven(level="info", message="x"))


def test_a_reporter_that_fails_spares_the_others():
    reporters = [Recorder("first"), Recorder("second"), Recorder()]
    publisher = Publisher(reporters)
    with pytest.raises(RunnerError, match="first"):
        publisher.publish(EVENT)
    with pytest.raises(RunnerError, match="first"):
        publisher.close()
    assert [len(reporter.seen) for reporter in reporters] == [2, 2, 2]
    assert reporters[2].seen[1] == "close"


def test_reporters_see_the_time_that_the_log_keeps():
    reporter = Recorder()
    Publisher([reporter]).publish(EVENT)
    assert reporter.seen[0].t_mono == 0.123457


def test_only_reporters_that_move_are_ticked():
    clock, still = Clock(), Recorder()
    Publisher([clock, still]).tick(1.5)
    assert (clock.seen, still.seen) == ([1.5], [])
