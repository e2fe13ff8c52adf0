from __future__ import annotations

from typing import Any

import pytest

from unified_test_runner.catalogue.content import is_below


@pytest.mark.parametrize(
    ("path", "folder", "answer"),
    [
        ("a", "a", True),
        ("a/b", "a", True),
        ("ab", "a", False),
        ("a", "a/b", False),
        ("x", ".", True),
    ],
)
def test_what_lies_below_what(path: str, folder: str, answer: Any) -> None:
    assert is_below(path, folder) is answer
