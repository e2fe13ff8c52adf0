"""Servers that somebody else runs on this machine: we only knock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.errors import StartError
from unified_test_runner.services.addresses import external_address
from unified_test_runner.services.kinds.base import Access, RefusedError
from unified_test_runner.services.waiting import TooSlowError, wait_ready

if TYPE_CHECKING:
    import threading

    from unified_test_runner.services.kinds.base import Kind
    from unified_test_runner.services.order import Order

#: Somebody else started it, so it should be there; a little patience for those still starting.
_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalServer:
    """A server that was there before us and stays after us."""

    access: Access
    version: str
    cancel: threading.Event

    def wait(self) -> str:
        """Wait until the run ends; whether the server lives shows when it is used."""
        self.cancel.wait()
        return ""

    def ask_to_end(self) -> None:
        """Make `wait` return; the server itself is not ours to end."""
        self.cancel.set()

    def finish(self) -> list[str]:
        """Do nothing, without errors."""
        return []

    def log_tail(self) -> tuple[str, ...]:
        """Return nothing: its log is not ours to know."""
        return ()


class ExternalProvider:
    """Servers whose address stands in the environment."""

    def start(self, order: Order, kind: Kind) -> ExternalServer:
        """Return the server at the address, once it answered.

        Raises:
            ServiceError: the address is far away or malformed, nobody listens, or the
                credentials are wrong.
            CancelledError: the run is ending.
        """
        spec, settings = order.spec, order.settings
        found = external_address(spec, order.info, settings.environ)
        access = Access(endpoint=found.endpoint, is_ours=False, tls=found.wants_tls)
        try:
            version = wait_ready(
                lambda: kind.probe(access),
                ending=lambda: None,
                within_s=min(_WITHIN_S, settings.within_s),
                cancel=order.cancel,
            )
        except TooSlowError as error:
            raise StartError(
                spec.name, str(error), hint=f"is the server that {spec.external} names running?"
            ) from error
        except RefusedError as error:
            where = found.endpoint.address
            raise StartError(
                spec.name,
                f"the server at {where} refuses: {error}",
                hint=f"check user, password and database in {spec.external}",
            ) from error
        return ExternalServer(access=access, version=version, cancel=order.cancel)
