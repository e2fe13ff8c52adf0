"""What a provider of servers must be able to do, whatever it starts them with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from unified_test_runner.services.kinds.base import Access, Kind
    from unified_test_runner.services.order import Order


class Server(Protocol):
    """A server that answered. Only the thread that started it may call `wait` and `finish`."""

    @property
    def access(self) -> Access:
        """How to talk to it."""

    @property
    def version(self) -> str:
        """What it said its version is."""

    def wait(self) -> str:
        """Wait until it has ended, or was asked to; returns how it ended, in words."""

    def ask_to_end(self) -> None:
        """Make `wait` return soon; returns at once. May be called from any thread."""

    def finish(self) -> list[str]:
        """Remove it with all it left; returns texts of what went wrong."""

    def log_tail(self) -> tuple[str, ...]:
        """Return the last lines it wrote, oldest first."""


class ServerProvider(Protocol):
    """Starts servers of every kind."""

    def start(self, order: Order, kind: Kind) -> Server:
        """Return a server that answers its own protocol.

        Raises:
            ServiceError: it cannot be had; nothing is left behind.
            CancelledError: the run is ending; nothing is left behind.
        """
