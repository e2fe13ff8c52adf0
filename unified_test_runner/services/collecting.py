"""Collects errors of clean-up steps, so that one that fails does not keep the next from running."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from unified_test_runner.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def collecting(errors: list[str]) -> Iterator[None]:
    """Append the text of a ServiceError or OSError to `errors` in place of raising it."""
    try:
        yield
    except (ServiceError, OSError) as error:
        errors.append(str(error))
