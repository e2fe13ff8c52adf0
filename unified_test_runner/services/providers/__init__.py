"""Where servers come from. Which one serves a service is decided in `services.choosing`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from unified_test_runner.model import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from unified_test_runner.services.providers.base import ServerProvider


def _embedded() -> ServerProvider:
    from unified_test_runner.services.providers.embedded import EmbeddedProvider

    return EmbeddedProvider()


def _external() -> ServerProvider:
    from unified_test_runner.services.providers.external import ExternalProvider

    return ExternalProvider()


#: Each provider that is built; the module behind it is loaded when it is first used.
PROVIDERS: Mapping[Provider, Callable[[], ServerProvider]] = MappingProxyType(
    {Provider.EMBEDDED: _embedded, Provider.EXTERNAL: _external}
)
