"""What a run must not pay for, it must not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"rich", "junit_xml", "jinja2", "jsonschema", "docker", "pydantic"}


@pytest.mark.integration
@pytest.mark.parametrize(
    "module",
    ["unified_test_runner.reporters", "unified_test_runner.reporters.console.plain",
     "unified_test_runner.reporters.replay"],
)  # fmt: skip
def test_heavy_imports_are_late(module):
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert HEAVY.isdisjoint(done.stdout.split())
