"""Starts the services of a run, gives slots their namespaces, and stops it all."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from unified_test_runner.errors import NamespaceError, ProviderUnavailableError, ServiceError
from unified_test_runner.events import NamespaceOpened, ServiceFailed
from unified_test_runner.kinds import ProviderChoice
from unified_test_runner.model import Isolation, Provider
from unified_test_runner.services.choosing import choose_provider, default_isolation, kind_info
from unified_test_runner.services.collecting import collecting
from unified_test_runner.services.notes import SlotClosed, SlotFailed, SlotOpened
from unified_test_runner.services.order import BrokerSettings, Order
from unified_test_runner.services.owner import Owner, bare_message
from unified_test_runner.services.variables import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from unified_test_runner.events import Event
    from unified_test_runner.model import ServiceSpec, ServiceUse
    from unified_test_runner.services.choosing import Choice
    from unified_test_runner.services.kinds.base import Namespace
    from unified_test_runner.services.lease import Lease
    from unified_test_runner.services.notes import Note

__all__ = ["Broker", "BrokerSettings", "ProviderChoice"]

_CLOSE_WITHIN_S = 5.0
_SLOTS_WITHIN_S = 1.0


class Broker:
    """The services of one run, and what each slot has of them.

    Args:
        specs: each after those it needs.
        settings: what all services have in common.
        lease: records whatever is made.
        notify: receives events and notes, from any thread.
    """

    def __init__(
        self,
        specs: Sequence[ServiceSpec],
        *,
        settings: BrokerSettings,
        lease: Lease,
        notify: Callable[[Event | Note], None],
    ) -> None:
        self._specs = tuple(specs)
        self._settings = settings
        self._lease = lease
        self._notify = notify
        self._lock = threading.Lock()
        self._services: dict[str, _Service] = {}
        self._slots: dict[int, _Slot] = {}
        self._threads: list[threading.Thread] = []
        self._errors: list[str] = []
        self._is_closed = False

    def start(self) -> None:
        """Start every service, all at once along their needs; returns at once."""
        for spec in self._specs:
            service = _Service(spec, self._settings, self._lease, self._notify)
            self._services[spec.name] = service
            service.start([self._services[name] for name in spec.needs])

    def open_slot(self, slot: int, uses: Sequence[ServiceUse]) -> None:
        """Give `slot` what `uses` ask for; returns at once, SlotOpened or SlotFailed follows."""
        with self._lock:
            if self._is_closed:
                return
            opened = _Slot(slot, [(self._services[use.name], use) for use in uses], self._notify)
            self._slots[slot] = opened
            self._run(opened.open, name=f"utr-open-{slot}")

    def close_slot(self, slot: int) -> None:
        """Remove what `slot` has; returns at once, SlotClosed follows."""
        with self._lock:
            if self._is_closed:
                return
            closing = self._slots.pop(slot, None)
            if closing is None:  # nothing was opened, so nothing is left
                self._notify(SlotClosed(slot=slot))
                return
            self._run(lambda: self._errors.extend(closing.close()), name=f"utr-close-{slot}")

    def close(self) -> list[str]:
        """Stop everything within about five seconds; returns texts of what went wrong.

        Never raises; a second call does nothing and returns the same.
        """
        with self._lock:
            if self._is_closed:
                return list(self._errors)
            self._is_closed = True
            threads = list(self._threads)
        deadline = time.monotonic() + _CLOSE_WITHIN_S
        owners = [owner for service in self._services.values() for owner in service.close()]
        slots_deadline = time.monotonic() + _SLOTS_WITHIN_S
        for thread in threads:
            thread.join(max(0.0, slots_deadline - time.monotonic()))
        for owner in owners:
            name = owner.order.spec.name
            if not owner.join(max(0.0, deadline - time.monotonic())):
                self._errors.append(f"service '{name}' did not stop in time")
            self._errors += owner.errors
        return list(self._errors)

    def _run(self, target: Callable[[], None], *, name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads = [thread, *(other for other in self._threads if other.is_alive())]
        thread.start()


class _Service:
    """One service: the server that slots share, and those of single slots."""

    def __init__(
        self,
        spec: ServiceSpec,
        settings: BrokerSettings,
        lease: Lease,
        notify: Callable[[Event | Note], None],
    ) -> None:
        self.spec = spec
        self._settings = settings
        self._lease = lease
        self._notify = notify
        self._lock = threading.Lock()
        self._choice: Choice | None = None
        self._failure: ServiceError | None = None
        self._needs: list[Owner] = []
        self._owners: list[Owner] = []
        self._common: Owner | None = None
        self._spare: Owner | None = None
        self._is_closed = False

    @property
    def templates(self) -> Mapping[str, str]:
        """What it provides: its own templates, else those of its kind."""
        return self.spec.provides or kind_info(self.spec).provides

    def start(self, needs: Sequence[_Service]) -> None:
        """Choose a provider and start the first server.

        A service of one server per slot starts one too, so that a broken one is found before
        any test runs; the first slot gets it.
        """
        try:
            self._choice = self._choose()
        except ServiceError as error:
            self._failure = error
            message = bare_message(error)
            self._notify(ServiceFailed(service=self.spec.name, message=message, hint=error.hint))
            return
        broken = next((need for need in needs if need.first is None), None)
        if broken is not None:
            message = f"needs '{broken.spec.name}', which failed"
            self._failure = ServiceError(self.spec.name, message)
            self._notify(ServiceFailed(service=self.spec.name, message=message))
            return
        self._needs = [need.first for need in needs if need.first is not None]
        first = self._new_owner(None)
        if self.isolation(None) is Isolation.INSTANCE:
            self._spare = first
        else:
            self._common = first

    @property
    def first(self) -> Owner | None:
        """The server started first; None when none could be."""
        return self._owners[0] if self._owners else None

    def isolation(self, wanted: Isolation | None) -> Isolation:
        """Return what a slot gets when it asks for `wanted`."""
        choice = self._choice
        provider = Provider.EMBEDDED if choice is None else choice.provider
        return wanted or default_isolation(self.spec, provider)

    def owner_for(self, slot: int, isolation: Isolation) -> Owner:
        """Return the server that `slot` uses, starting one if it must have its own.

        Raises:
            ServiceError: it cannot be had.
        """
        if self._failure is not None:
            raise self._failure
        with self._lock:
            if isolation is not Isolation.INSTANCE:
                if self._common is None:
                    self._common = self._new_owner(None)
                return self._common
            if self._choice is not None and self._choice.provider is Provider.EXTERNAL:
                raise NamespaceError(
                    self.spec.name,
                    "a server of its own for each slot cannot come from an external address",
                    hint="unset the address, or use --services embedded",
                )
            adopted, self._spare = self._spare, None
            if adopted is not None:
                adopted.slot = slot
                return adopted
            return self._new_owner(slot)

    def close(self) -> list[Owner]:
        """Ask all servers to end; returns them, to be waited for."""
        with self._lock:
            self._is_closed = True
            for owner in self._owners:
                owner.stop()
            return list(self._owners)

    def _choose(self) -> Choice:
        choice = choose_provider(self.spec, self._settings.choice, self._settings.environ)
        is_external = choice.provider is Provider.EXTERNAL
        if is_external and self.spec.isolation is Isolation.INSTANCE:
            raise ProviderUnavailableError(
                self.spec.name,
                "'isolation: instance' needs servers of our own, and"
                f" {self.spec.external} names one that is not",
                hint=f"unset {self.spec.external}, or use --services embedded",
            )
        return choice

    def _new_owner(self, slot: int | None) -> Owner:
        if self._choice is None or self._is_closed:
            raise ServiceError(self.spec.name, "the run is ending")
        order = Order(
            spec=self.spec,
            info=kind_info(self.spec),
            settings=self._settings,
            lease=self._lease,
            cancel=threading.Event(),
            slot=slot,
        )
        owner = Owner(order, self._choice, needs=self._needs, notify=self._notify)
        self._owners.append(owner)
        owner.start()
        return owner


class _Slot:
    """What one slot has, from its opening to its closing."""

    def __init__(
        self,
        number: int,
        uses: Sequence[tuple[_Service, ServiceUse]],
        notify: Callable[[Event | Note], None],
    ) -> None:
        self._number = number
        self._uses = uses
        self._notify = notify
        self._opened = threading.Event()
        self._private: list[Owner] = []
        self._held: list[tuple[Owner, Namespace]] = []

    def open(self) -> None:
        """Get everything, then say so; what was got stays until `close` also on failure."""
        note: Note
        try:
            variables = self._open_all()
            note = SlotOpened(slot=self._number, variables=variables)
        except ServiceError as error:
            message = bare_message(error)
            note = SlotFailed(
                slot=self._number, service=error.service, message=message, hint=error.hint
            )
        except Exception as error:  # noqa: BLE001 - the engine waits for an answer
            names = ", ".join(use.name for _, use in self._uses)
            message = f"unexpected {type(error).__name__}: {error}"
            note = SlotFailed(slot=self._number, service=names, message=message)
        finally:
            self._opened.set()
        self._notify(note)

    def close(self) -> list[str]:
        """Give everything back, then say so; returns texts of what went wrong."""
        self._opened.wait()
        errors: list[str] = []
        for owner in self._private:
            owner.stop()
        for owner, namespace in self._held:
            with collecting(errors):
                owner.close(namespace)
        for owner in self._private:
            owner.join(_CLOSE_WITHIN_S)
        self._notify(SlotClosed(slot=self._number))
        return errors

    def _open_all(self) -> dict[str, str]:
        grants = []
        for service, use in self._uses:  # all servers start before the first is waited for
            isolation = service.isolation(use.isolation)
            owner = service.owner_for(self._number, isolation)
            if isolation is Isolation.INSTANCE:
                self._private.append(owner)
            grants.append((service, owner, isolation))
        variables: dict[str, str] = {}
        for service, owner, isolation in grants:
            variables.update(self._open_one(service, owner, isolation))
        return variables

    def _open_one(self, service: _Service, owner: Owner, isolation: Isolation) -> dict[str, str]:
        owner.await_ready()
        began = time.monotonic()
        namespace = owner.open(isolation)
        if isolation is not Isolation.INSTANCE:
            self._held.append((owner, namespace))
        self._notify(
            NamespaceOpened(
                service=service.spec.name,
                slot=self._number,
                name=namespace.name,
                duration_s=time.monotonic() - began,
            )
        )
        return render(service.spec.name, service.templates, namespace.endpoint)
