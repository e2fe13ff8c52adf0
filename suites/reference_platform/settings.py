"""The one place that reads the environment.

Settings are read when asked for, never at import. Faults name the variable and never
show its value, which holds a password.
"""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from suites.reference_platform.errors import SettingsError

POSTGRES_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+asyncpg"})
REDIS_SCHEMES = ("redis://", "rediss://")


class PlatformSettings(BaseSettings):
    """Addresses as they stand in the environment; an empty one counts as missing."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_address: str = Field(default="", validation_alias="DATABASE_URL", repr=False)
    redis_address: str = Field(default="", validation_alias="REDIS_URL", repr=False)

    @property
    def database_url(self) -> URL:
        """The address of PostgreSQL, in the form SQLAlchemy's asyncpg dialect takes."""
        return asyncpg_url(_required("DATABASE_URL", self.database_address))

    @property
    def redis_url(self) -> str:
        address = _required("REDIS_URL", self.redis_address)
        if not address.startswith(REDIS_SCHEMES):
            raise SettingsError("REDIS_URL: expected redis://:password@host:port/0")
        return address


def asyncpg_url(address: str) -> URL:
    """Turn a plain `postgresql://…` address into one for the asyncpg dialect."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise SettingsError(_POSTGRES_SHAPE) from None
    if url.drivername not in POSTGRES_SCHEMES or not url.host:
        raise SettingsError(_POSTGRES_SHAPE)
    url = url.set(drivername="postgresql+asyncpg")
    # libpq's name for it; asyncpg knows the same values as `ssl`.
    mode = url.query.get("sslmode")
    if mode is None:
        return url
    return url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})


_POSTGRES_SHAPE = "DATABASE_URL: expected postgresql://user:password@host:port/database"


def _required(variable: str, value: str) -> str:
    if not value.strip():
        raise SettingsError(f"{variable} is not set")
    return value.strip()
