"""The kinds of service that can be started. Their data stands in `unified_test_runner.kinds`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from unified_test_runner.services.kinds.base import Kind


def _postgres() -> Kind:
    from unified_test_runner.services.kinds.postgres import Postgres

    return Postgres()


def _redis() -> Kind:
    from unified_test_runner.services.kinds.redis import Redis

    return Redis()


#: Each kind by name; the module behind it is loaded when the kind is first used.
IMPLEMENTATIONS: Mapping[str, Callable[[], Kind]] = MappingProxyType(
    {"postgres": _postgres, "redis": _redis}
)
