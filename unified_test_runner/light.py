"""Dataclasses that are frozen for the type checker and light at run time.

`frozen=True` makes a class cost twice as much to define and an instance three times as much
to make, because every field is set around a `__setattr__` that refuses. A run defines some
two hundred such classes before its first test and makes a dozen instances for each test. The
type checker holds every assignment to a field of one against us; that is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - exported
else:
    import dataclasses

    def dataclass(*, frozen=False, **options):  # noqa: ANN003, ANN201, ANN001
        """Return `dataclasses.dataclass` with these options, `frozen` left to the type checker."""
        return dataclasses.dataclass(unsafe_hash=frozen, **options)
