from __future__ import annotations

import threading

import pytest

from unified_test_runner.services.waiting import (
    CancelledError,
    DeadError,
    NotReadyError,
    TooSlowError,
    wait_ready,
)


class Cancel(threading.Event):
    """Notes the pauses in place of sleeping."""

    def __init__(self, *, after: int = 1_000) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._after = after

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        return len(self.pauses) >= self._after


class Server:
    def __init__(self, *, ready_at: int) -> None:
        self.asked = 0
        self._ready_at = ready_at

    def __call__(self) -> str:
        self.asked += 1
        if self.asked < self._ready_at:
            raise NotReadyError(f"reason {self.asked}")
        return "15.9"


def test_it_returns_what_the_server_says() -> None:
    cancel = Cancel()
    found = wait_ready(Server(ready_at=3), ending=lambda: None, within_s=30, cancel=cancel)
    assert found == "15.9"
    assert len(cancel.pauses) == 2


def test_pauses_grow_from_20_to_500_milliseconds() -> None:
    cancel = Cancel()
    wait_ready(Server(ready_at=20), ending=lambda: None, within_s=30, cancel=cancel)
    assert cancel.pauses[0] == 0.02
    assert cancel.pauses == sorted(cancel.pauses)
    assert cancel.pauses[-1] == 0.5


def test_a_server_that_ended_is_told_from_one_that_is_slow() -> None:
    endings = iter([None, None, "ended with exit status 1"])
    with pytest.raises(DeadError, match="exit status 1"):
        wait_ready(Server(ready_at=9), ending=lambda: next(endings), within_s=30, cancel=Cancel())


def test_when_the_time_is_over_the_last_reason_is_given() -> None:
    with pytest.raises(TooSlowError, match="reason 1"):
        wait_ready(Server(ready_at=9), ending=lambda: None, within_s=0, cancel=Cancel())


def test_the_end_of_the_run_ends_the_wait() -> None:
    with pytest.raises(CancelledError):
        wait_ready(Server(ready_at=9), ending=lambda: None, within_s=30, cancel=Cancel(after=2))
