"""Which tests of a file the runner selected.

The runner speaks of paths from the project root, which need not be pytest's rootdir: patterns
are matched against that path, ids against what follows it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest


def wanted(
    items: Sequence[pytest.Item], path: str, patterns: Iterable[str], ids: Sequence[str]
) -> list[pytest.Item]:
    """Return the selected items of the file at `path`; without patterns and ids all of them."""
    compiled = [re.compile(pattern) for pattern in patterns]
    kept = []
    for item in items:
        inner = item.nodeid.partition("::")[2]
        is_matched = not compiled or any(p.fullmatch(f"{path}::{inner}") for p in compiled)
        is_named = not ids or any(_is_below(inner, given) for given in ids)
        if is_matched and is_named:
            kept.append(item)
    return kept


def _is_below(inner: str, given: str) -> bool:
    """Whether a test is the given one, one of its parametrisations, or inside of it."""
    return inner == given or inner.startswith((given + "::", given + "["))
