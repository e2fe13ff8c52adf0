"""Waiting for a server to answer: back off, and tell *not yet* from *dead*."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

T = TypeVar("T")

_FIRST_S, _LAST_S, _GROWTH = 0.02, 0.5, 1.25


class NotReadyError(Exception):
    """The server does not answer yet; the text says why."""


class DeadError(Exception):
    """The server ended while it was waited for; the text says how."""


class TooSlowError(Exception):
    """The time is over; the text is the last reason for not being ready."""


class CancelledError(Exception):
    """The run is ending."""


def wait_ready(
    attempt: Callable[[], T],
    *,
    ending: Callable[[], str | None],
    within_s: float,
    cancel: threading.Event,
) -> T:
    """Call `attempt` until it no longer raises NotReadyError, and return its value.

    Args:
        attempt: asks the server once.
        within_s: seconds from now.
        cancel: ends the wait early.
        ending: says how the server ended, or None while it lives.

    Raises:
        DeadError, TooSlowError, CancelledError: as they say.
    """
    deadline = time.monotonic() + within_s
    pause = _FIRST_S
    while True:
        ended = ending()
        if ended is not None:
            raise DeadError(ended)
        try:
            return attempt()
        except NotReadyError as error:
            reason = str(error)
        if time.monotonic() + pause > deadline:
            raise TooSlowError(reason)
        if cancel.wait(pause):
            raise CancelledError
        pause = min(pause * _GROWTH, _LAST_S)
