"""What planning loads: a project without a catalogue pays for no YAML and no pydantic."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "unified_test_runner"
HEAVY = {"yaml", "pydantic", "pydantic_core", "iniconfig", "packaging", "pytest", "rich", "docker"}


def loaded_by(module: str, seen: set[str]) -> set[str]:
    """Return every module that importing `module` loads, by the imports at module level."""
    path = PACKAGE.parent / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if module in seen or not file.exists():
        return seen | {module}
    seen = seen | {module}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        for name in names:
            seen = loaded_by(name, seen)
    return seen


def test_planning_alone_is_light() -> None:
    modules = loaded_by("unified_test_runner.planning.selection", set())
    loaded = {name.partition(".")[0] for name in modules}
    assert not loaded & HEAVY


def test_finding_a_catalogue_is_light() -> None:
    modules = loaded_by("unified_test_runner.catalogue.discovery", set())
    loaded = {name.partition(".")[0] for name in modules}
    assert not loaded & HEAVY


def test_catalogue_lies_below_planning() -> None:
    for file in (PACKAGE / "catalogue").glob("*.py"):
        assert "unified_test_runner.planning" not in file.read_text(encoding="utf-8")
