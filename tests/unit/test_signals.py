from __future__ import annotations

import os
import select
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from unified_test_runner.signals import SignalInbox

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


@contextmanager
def handler(number: int, wanted: Any) -> Iterator[None]:
    before = signal.signal(number, wanted)
    try:
        yield
    finally:
        signal.signal(number, before)


def is_readable(inbox: SignalInbox) -> bool:
    return bool(select.select([inbox], [], [], 0)[0])


def raise_in_this_process(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.usefixtures("signals_as_by_default")
@pytest.mark.parametrize("number", HANDLED)
def test_a_signal_can_be_waited_for_and_does_nothing_else(number):
    with SignalInbox() as inbox:
        assert not is_readable(inbox)
        raise_in_this_process(number)
        assert is_readable(inbox)
        assert inbox.take() == [number]
        assert not is_readable(inbox)
        assert inbox.take() == []


def test_signals_arrive_in_their_order_and_as_often_as_they_were_sent():
    with SignalInbox() as inbox:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGINT):
            raise_in_this_process(number)
        assert inbox.take() == [signal.SIGTERM, signal.SIGINT, signal.SIGINT]


def test_signals_that_others_handle_are_passed_over():
    seen: list[int] = []
    with handler(signal.SIGUSR2, lambda number, _: seen.append(number)), SignalInbox() as inbox:
        raise_in_this_process(signal.SIGUSR2)
        raise_in_this_process(signal.SIGTERM)
        assert inbox.take() == [signal.SIGTERM]
    assert seen == [signal.SIGUSR2]


@pytest.mark.parametrize("number", HANDLED)
def test_a_signal_that_the_caller_ignores_stays_ignored(number):
    """As under nohup."""
    with handler(number, signal.SIG_IGN), SignalInbox() as inbox:
        assert signal.getsignal(number) is signal.SIG_IGN
        raise_in_this_process(number)
        assert inbox.take() == []


def test_handlers_and_wakeup_descriptor_are_restored():
    def own(*_: object) -> None: ...

    read, write = os.pipe()
    os.set_blocking(write, False)
    with handler(signal.SIGTERM, own):
        before = [signal.getsignal(number) for number in HANDLED]
        wakeup = signal.set_wakeup_fd(write)
        try:
            with SignalInbox():
                assert own not in [signal.getsignal(number) for number in HANDLED]
            assert [signal.getsignal(number) for number in HANDLED] == before
        finally:
            assert signal.set_wakeup_fd(wakeup) == write
    os.close(read)
    os.close(write)


def test_handlers_are_restored_after_an_error_as_well():
    before = [signal.getsignal(number) for number in HANDLED]
    with pytest.raises(ZeroDivisionError), SignalInbox() as inbox:  # noqa: PT012
        descriptor = inbox.fileno()
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in HANDLED] == before
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
