from __future__ import annotations

import pytest

from unified_test_runner.services.versions import satisfies


@pytest.mark.parametrize(
    ("version", "requirement", "expected"),
    [
        ("15.9", ">=15", True),
        ("14.22", ">=15", False),
        ("15.9", ">15", False),
        ("16.0", ">15", True),
        ("15.9", "==15", True),
        ("15.9", "==15.9", True),
        ("15.9", "==15.10", False),
        ("15.10", ">15.9", True),
        ("18.6", ">=15,<18", False),
        ("17.2", ">=15, <18", True),
        ("15", "!=15", False),
        ("7.0.15", "<=7.0", True),
        ("7.1", "<=7.0", False),
        ("18beta1", ">=18", True),
        ("7", ">=7.0.1", False),
    ],
)
def test_decision(version: str, requirement: str, expected: bool) -> None:
    assert satisfies(version, requirement) is expected


@pytest.mark.parametrize("requirement", ["15", "~=15", ">=", ">=15,", "=>15", ">= 15 18", ""])
def test_what_is_no_requirement_is_refused(requirement: str) -> None:
    with pytest.raises(ValueError, match="no version requirement"):
        satisfies("15", requirement)
