"""Dataclasses that are frozen for the type checker and light at run time.

`frozen=True` makes a class cost twice as much to define and an instance three times as much
to make, because every field is set around a `__setattr__` that refuses. The methods that
`dataclass` writes for each class are compiled at every start, which for two hundred classes
takes longer than a short run; all but `__init__` do as well written once, here. The type
checker holds every assignment to a field of a frozen one against us; that is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - exported
else:
    import dataclasses
    import functools

    def dataclass(*, frozen=False, **options):  # noqa: ANN003, ANN201, ANN001
        """Return `dataclasses.dataclass` with these options, `frozen` left to the type checker."""
        decorate = dataclasses.dataclass(repr=False, eq=False, **options)

        def define(cls):  # noqa: ANN001, ANN202
            cls.__repr__, cls.__eq__ = _repr, _eq
            cls.__hash__ = _hash if frozen else None
            return decorate(cls)

        return define

    @functools.cache
    def _fields(cls):  # noqa: ANN001, ANN202
        fields = dataclasses.fields(cls)
        return (
            [field.name for field in fields if field.repr],
            [field.name for field in fields if field.compare],
        )

    def _repr(self):  # noqa: ANN001, ANN202
        shown, _ = _fields(type(self))
        pairs = ", ".join([f"{name}={getattr(self, name)!r}" for name in shown])
        return f"{type(self).__qualname__}({pairs})"

    def _values(self):  # noqa: ANN001, ANN202
        _, compared = _fields(type(self))
        return tuple([getattr(self, name) for name in compared])

    def _eq(self, other):  # noqa: ANN001, ANN202
        if self is other:
            return True
        return _values(self) == _values(other) if type(self) is type(other) else NotImplemented

    def _hash(self):  # noqa: ANN001, ANN202
        return hash(_values(self))
