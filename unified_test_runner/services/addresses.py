"""Reads the address of a server that somebody else runs, and refuses those far away."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from unified_test_runner.errors import ServiceError
from unified_test_runner.model import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unified_test_runner.kinds import KindInfo
    from unified_test_runner.model import ServiceSpec

_TLS_MODES = frozenset({"require", "verify-ca", "verify-full"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalAddress:
    """An address as its variable gives it. `wants_tls`: its URL insists on TLS."""

    endpoint: Endpoint
    wants_tls: bool = False


def external_address(
    spec: ServiceSpec, info: KindInfo, environ: Mapping[str, str]
) -> ExternalAddress:
    """Return the address in the variable that `spec.external` names.

    The message of an error never shows the address itself: it may hold a password.

    Raises:
        ServiceError: it is no URL of this kind, or points to another machine.
    """
    variable = spec.external or ""
    try:
        parts = urlsplit(environ[variable].strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ServiceError(
            spec.name, f"{variable} does not hold a URL", hint=_example(info)
        ) from error
    scheme = parts.scheme.partition("+")[0]  # a driver's name may follow
    if scheme not in info.schemes:
        raise ServiceError(
            spec.name, f"{variable} holds a URL of scheme '{scheme}'", hint=_example(info)
        )
    if host is None:
        raise ServiceError(spec.name, f"{variable} names no host", hint=_example(info))
    if not is_loopback(host):
        raise ServiceError(
            spec.name,
            f"{variable} points to '{host}', which is not this machine",
            hint="databases are created and dropped there; only loopback addresses are accepted",
        )
    endpoint = Endpoint(
        host=host,
        port=port or info.default_port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.lstrip("/")),
    )
    tls = parse_qs(parts.query).get("sslmode", [""])[-1] in _TLS_MODES
    return ExternalAddress(endpoint=endpoint, wants_tls=tls)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, told without asking a name server."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _example(info: KindInfo) -> str:
    return f"it should look like {info.schemes[0]}://user:password@localhost:{info.default_port}/0"
