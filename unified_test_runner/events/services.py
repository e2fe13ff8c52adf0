"""What happens to services and to the namespaces of slots."""

from __future__ import annotations

from typing import ClassVar

from unified_test_runner.events.base import Event
from unified_test_runner.light import dataclass
from unified_test_runner.model import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarting(Event):
    """A provider was chosen, for the reason given, and told to start a service."""

    kind: ClassVar[str] = "service_starting"
    service: str
    provider: Provider
    reason: str
    slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReady(Event):
    """The service answered its own protocol. `boot_s` counts from its start to that answer."""

    kind: ClassVar[str] = "service_ready"
    service: str
    provider: Provider
    reason: str
    version: str
    address: str
    boot_s: float
    slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFailed(Event):
    """A service could not be had, or died; `log_tail` are its last lines, oldest first."""

    kind: ClassVar[str] = "service_failed"
    service: str
    message: str
    hint: str = ""
    log_tail: tuple[str, ...] = ()
    slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStopped(Event):
    """A service that we started is gone."""

    kind: ClassVar[str] = "service_stopped"
    service: str
    duration_s: float
    peak_rss_bytes: int | None = None
    slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceOpened(Event):
    """A slot got its own database or instance of a service."""

    kind: ClassVar[str] = "namespace_opened"
    service: str
    slot: int
    name: str
    duration_s: float
