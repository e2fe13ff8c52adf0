"""Says which provider will serve a service, and why. Starts nothing and imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.errors import ProviderUnavailableError
from unified_test_runner.kinds import KINDS, ProviderChoice
from unified_test_runner.model import Isolation, Provider
from unified_test_runner.services.binaries import find_binaries, how_to_install, what_was_tried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unified_test_runner.kinds import KindInfo
    from unified_test_runner.model import ServiceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who serves a service, and the reason in words."""

    provider: Provider
    reason: str


def choose_provider(
    spec: ServiceSpec, choice: ProviderChoice, environ: Mapping[str, str]
) -> Choice:
    """Return the provider of `spec`; `auto` prefers an address that is set, then embedded.

    Raises:
        ProviderUnavailableError: nobody can serve it here; the message says what was tried.
        ServiceError: `spec.embedded` names an unknown software.
    """
    info = kind_info(spec)
    if choice is ProviderChoice.DOCKER:
        raise ProviderUnavailableError(
            spec.name,
            "the docker provider is not built yet",
            hint="use --services embedded, or external with an address",
        )
    if choice is ProviderChoice.EXTERNAL:
        return _external(spec, environ)
    if choice is ProviderChoice.AUTO and spec.external and environ.get(spec.external):
        return Choice(provider=Provider.EXTERNAL, reason=f"{spec.external} is set")
    return _embedded(spec, info, environ)


def kind_info(spec: ServiceSpec) -> KindInfo:
    """Return what is known about the kind of `spec`.

    Raises:
        ProviderUnavailableError: there is no such kind.
    """
    try:
        return KINDS[spec.kind]
    except KeyError:
        raise ProviderUnavailableError(
            spec.name, f"kind '{spec.kind}' is not known", hint=f"known are {', '.join(KINDS)}"
        ) from None


def default_isolation(spec: ServiceSpec, provider: Provider) -> Isolation:
    """Return what a slot gets of `spec` when its suite does not say.

    Raises:
        ProviderUnavailableError: there is no such kind.
    """
    if spec.isolation is not None:
        return spec.isolation
    info = kind_info(spec)
    return info.external_isolation if provider is Provider.EXTERNAL else info.isolation


def _external(spec: ServiceSpec, environ: Mapping[str, str]) -> Choice:
    if spec.external is None:
        raise ProviderUnavailableError(
            spec.name,
            "the catalogue names no variable for the address of an external server",
            hint=f"add 'external: UTR_{spec.name.upper()}_URL' to the service",
        )
    if not environ.get(spec.external):
        raise ProviderUnavailableError(
            spec.name, f"{spec.external} is not set", hint="it must hold the server's URL"
        )
    return Choice(provider=Provider.EXTERNAL, reason=f"{spec.external} is set")


def _embedded(spec: ServiceSpec, info: KindInfo, environ: Mapping[str, str]) -> Choice:
    sources = find_binaries(spec, info, environ)
    if sources:
        return Choice(provider=Provider.EMBEDDED, reason=sources[0].origin)
    unset = f"{spec.external} is not set and " if spec.external else ""
    raise ProviderUnavailableError(
        spec.name,
        f"no server for kind '{info.name}' here: {unset}{what_was_tried(info)}",
        hint=how_to_install(info),
    )
