"""What the broker tells the engine about slots. No events: they carry secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOpened:
    """A slot has its namespaces; `variables` go into the environment of its worker."""

    slot: int
    variables: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotFailed:
    """A slot cannot have what it needs of `service`."""

    slot: int
    service: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotClosed:
    """The namespaces of a slot are gone."""

    slot: int


Note = Union[SlotOpened, SlotFailed, SlotClosed]  # noqa: UP007 - evaluated on Python 3.10 too
