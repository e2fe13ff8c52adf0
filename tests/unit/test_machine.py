from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from unified_test_runner import machine
from unified_test_runner.machine import available_cpus, choose_interpreter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def eight_processors(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def cgroup(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.usefixtures("eight_processors")
@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "400000 100000\n"}, 4),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "20000 100000\n"}, 1),
        ({"cpu.max": "1600000 100000\n"}, 8),
        ({"cpu.max": "0 100000\n"}, 8),
        ({"cpu.max": "100000 0\n"}, 8),
        ({"cpu.max": "gibberish\n"}, 8),
        ({"cpu.max": ""}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000\n"}, 8),
        ({"cpu.max": "200000 100000", "cpu/cpu.cfs_quota_us": "300000",
          "cpu/cpu.cfs_period_us": "100000"}, 2),
    ],
)  # fmt: skip
def test_processors_are_bounded_by_the_quota(tmp_path, files, processors):
    assert available_cpus(cgroup(tmp_path, files)) == processors


def test_processors_are_bounded_by_affinity(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5}, raising=False)
    assert available_cpus(cgroup(tmp_path, {"cpu.max": "400000 100000"})) == 1


@pytest.mark.parametrize(("count", "processors"), [(6, 6), (None, 1)])
def test_without_affinity_the_machine_is_counted(tmp_path, monkeypatch, count, processors):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert available_cpus(tmp_path) == processors


def test_this_machine_grants_at_least_one_processor():
    assert 1 <= available_cpus() <= (os.cpu_count() or 1)


def virtual_environment(root: Path, *, has_pytest: bool) -> dict[str, str]:
    python = root / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    packages = root / "lib" / "python3.12" / "site-packages"
    (packages / ("pytest" if has_pytest else "requests")).mkdir(parents=True)
    return {"VIRTUAL_ENV": str(root)}


def test_the_interpreter_named_wins(tmp_path):
    environ = virtual_environment(tmp_path, has_pytest=True)
    assert choose_interpreter("/opt/py", environ) == ("/opt/py", "--python")


def test_else_that_of_the_active_environment(tmp_path):
    environ = virtual_environment(tmp_path, has_pytest=True)
    chosen, reason = choose_interpreter(None, environ)
    assert chosen == str(tmp_path / "bin" / "python")
    assert "virtual environment" in reason


@pytest.mark.parametrize("environ", [{}, {"VIRTUAL_ENV": ""}, {"VIRTUAL_ENV": "/gone"}])
def test_else_our_own(environ):
    assert choose_interpreter(None, environ)[0] == sys.executable


def test_an_environment_without_pytest_is_passed_over(tmp_path):
    environ = virtual_environment(tmp_path, has_pytest=False)
    chosen, reason = machine.choose_interpreter(None, environ)
    assert chosen == sys.executable
    assert "this program" in reason
