"""The thread that owns one server, from its start to its end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from unified_test_runner.errors import ServiceError, StartError
from unified_test_runner.events import (
    NoticeGiven,
    ServiceFailed,
    ServiceReady,
    ServiceStarting,
    ServiceStopped,
)
from unified_test_runner.model import Isolation, Provider
from unified_test_runner.services.kinds import IMPLEMENTATIONS
from unified_test_runner.services.providers import PROVIDERS
from unified_test_runner.services.versions import satisfies
from unified_test_runner.services.waiting import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from unified_test_runner.events import Event
    from unified_test_runner.services.choosing import Choice
    from unified_test_runner.services.kinds.base import Namespace, Tenancy
    from unified_test_runner.services.notes import Note
    from unified_test_runner.services.order import Order
    from unified_test_runner.services.providers.base import Server


class Owner:
    """One server and its thread.

    The thread starts the server and lives until the server is gone: the kernel ends a server
    together with the thread that started it, and only the parent can wait for its end.
    """

    def __init__(
        self,
        order: Order,
        choice: Choice,
        *,
        needs: Sequence[Owner],
        notify: Callable[[Event | Note], None],
    ) -> None:
        self.order = order
        self.slot = order.slot
        self.errors: list[str] = []
        self._choice = choice
        self._needs = needs
        self._notify = notify
        self._settled = threading.Event()
        self._failure: ServiceError | None = None
        self._tenancy: Tenancy | None = None
        self._server: Server | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"utr-{order.spec.name}", daemon=True
        )

    def start(self) -> None:
        """Start the thread; returns at once."""
        self._thread.start()

    def await_ready(self) -> None:
        """Wait until the server is ready and prepared.

        Raises:
            ServiceError: it is not, or it died since.
        """
        self._settled.wait()
        if self._failure is not None:
            raise self._failure

    def open(self, isolation: Isolation) -> Namespace:
        """Wait for the server and return what one slot gets of it.

        Raises:
            ServiceError: it cannot be had.
        """
        self.await_ready()
        assert self._tenancy is not None  # noqa: S101 - settled without failure
        return self._tenancy.open(isolation)

    def close(self, namespace: Namespace) -> None:
        """Remove what a slot got.

        Raises:
            ServiceError: it is still there.
        """
        if self._tenancy is not None and self._failure is None:
            self._tenancy.close(namespace)

    def stop(self) -> None:
        """Ask the server to end; returns at once."""
        self.order.cancel.set()
        server = self._server
        if server is not None:
            server.ask_to_end()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread's end; whether it came."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._start_server()
        except CancelledError:
            self._failure = StartError(self.order.spec.name, "the run is ending")
        except ServiceError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - a thread must not die silently
            name = self.order.spec.name
            self._fail(StartError(name, f"unexpected {type(error).__name__}: {error}"))
        finally:
            self._settled.set()
        if self._server is not None:
            self._see_to_its_end(self._server)

    def _start_server(self) -> None:
        order, spec = self.order, self.order.spec
        self._await_needs()
        provider, reason = self._choice.provider, self._choice.reason
        self._notify(
            ServiceStarting(service=spec.name, provider=provider, reason=reason, slot=order.slot)
        )
        began = time.monotonic()
        kind = IMPLEMENTATIONS[spec.kind]()
        self._server = server = PROVIDERS[provider]().start(order, kind)
        boot_s = time.monotonic() - began
        self._check_version(server.version)
        self._notify(
            ServiceReady(
                service=spec.name,
                provider=provider,
                reason=reason,
                version=server.version,
                address=server.access.endpoint.address,
                boot_s=boot_s,
                slot=order.slot,
            )
        )
        caveat = kind.caveat(server.access)
        if caveat:
            self._notify(NoticeGiven(level="warning", message=f"service '{spec.name}': {caveat}"))
        self._tenancy = kind.tenancy(server.access, order)  # to be closed also if this fails:
        self._tenancy.prepare()

    def _await_needs(self) -> None:
        for need in self._needs:
            self._await_need(need)
        if self.order.cancel.is_set():
            raise CancelledError

    def _await_need(self, need: Owner) -> None:
        try:
            need.await_ready()
        except ServiceError as error:
            if self.order.cancel.is_set():
                raise CancelledError from error
            other = need.order.spec.name
            raise StartError(
                self.order.spec.name, f"needs '{other}', which failed", hint=error.hint
            ) from error

    def _check_version(self, version: str) -> None:
        spec = self.order.spec
        if spec.version is None:
            return
        try:
            is_met = satisfies(version, spec.version)
        except ValueError as error:
            raise StartError(spec.name, f"'version' is not understood: {error}") from error
        if not is_met:
            raise StartError(
                spec.name,
                f"version {version} does not meet '{spec.version}'",
                hint=f"it comes from {self._choice.provider.value} ({self._choice.reason})",
            )

    def _fail(self, error: ServiceError) -> None:
        self._failure = error
        self._notify(
            ServiceFailed(
                service=error.service,
                message=bare_message(error),
                hint=error.hint,
                log_tail=error.log_tail,
                slot=self.slot,
            )
        )

    def _see_to_its_end(self, server: Server) -> None:
        began = time.monotonic()
        if self._failure is not None or self.order.cancel.is_set():
            server.ask_to_end()
        ending = server.wait()
        if not self.order.cancel.is_set() and self._failure is None:
            self._fail(StartError(self.order.spec.name, ending, log_tail=server.log_tail()))
        if self._tenancy is not None and not server.access.is_ours:
            self.errors += self._tenancy.close_all()
        self.errors += server.finish()
        if self._choice.provider is not Provider.EXTERNAL:
            duration_s = time.monotonic() - began
            self._notify(
                ServiceStopped(service=self.order.spec.name, duration_s=duration_s, slot=self.slot)
            )


def bare_message(error: ServiceError) -> str:
    """Return the message without the service's name, which events carry in a field."""
    return error.message.removeprefix(f"service '{error.service}': ")
