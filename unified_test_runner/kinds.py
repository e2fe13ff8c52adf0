"""The kinds of service this version knows: what they give to tests, what their clients read.

Data only. How a kind is started, probed and cut into namespaces is no business of this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from unified_test_runner.model import Isolation

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """A kind of service.

    `provides` maps a variable to a template over `{host} {port} {user} {password}
    {database}`. `client_variables` are what client libraries of the kind read on their own.
    `isolations` are what a suite may ask for, the kind's own choice first.
    """

    name: str
    provides: Mapping[str, str]
    client_variables: tuple[str, ...]
    isolations: tuple[Isolation, ...]


_POSTGRES = KindInfo(
    name="postgres",
    provides=MappingProxyType(
        {
            "DATABASE_URL": "postgresql://{user}:{password}@{host}:{port}/{database}",
            "PGHOST": "{host}",
            "PGPORT": "{port}",
            "PGUSER": "{user}",
            "PGPASSWORD": "{password}",
            "PGDATABASE": "{database}",
        }
    ),
    client_variables=(
        "PGHOST",
        "PGHOSTADDR",
        "PGPORT",
        "PGUSER",
        "PGPASSWORD",
        "PGPASSFILE",
        "PGDATABASE",
        "PGSERVICE",
        "PGSERVICEFILE",
        "PGOPTIONS",
        "PGSSLMODE",
        "PGAPPNAME",
    ),
    isolations=(Isolation.DATABASE, Isolation.INSTANCE, Isolation.SHARED),
)

_REDIS = KindInfo(
    name="redis",
    provides=MappingProxyType({"REDIS_URL": "redis://:{password}@{host}:{port}/{database}"}),
    client_variables=(
        "REDIS_URL",
        "REDIS_HOST",
        "REDIS_PORT",
        "REDIS_PASSWORD",
        "REDISCLI_AUTH",
    ),
    isolations=(Isolation.INSTANCE, Isolation.SHARED),
)

#: Every kind by its name.
KINDS: Mapping[str, KindInfo] = MappingProxyType({info.name: info for info in (_POSTGRES, _REDIS)})
