from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.errors import UsageError
from unified_test_runner.machine import available_cpus, available_memory, choose_interpreter

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


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(mode)
    return path


def test_the_interpreter_named_wins(tmp_path):
    environ = virtual_environment(tmp_path, has_pytest=True)
    named = str(program(tmp_path / "own" / "py"))
    assert choose_interpreter(named, environ, tmp_path) == (named, "--python")


def test_r26_a_relative_path_counts_from_where_it_was_typed(tmp_path):
    named = program(tmp_path / "sub" / "venv" / "bin" / "python")
    chosen, _ = choose_interpreter("venv/bin/python", {}, tmp_path / "sub")
    assert chosen == str(named)


def test_a_bare_name_is_looked_for_on_the_path(tmp_path):
    named = program(tmp_path / "bin" / "python9")
    environ = {"PATH": str(tmp_path / "bin")}
    assert choose_interpreter("python9", environ, tmp_path / "sub")[0] == str(named)


@pytest.mark.parametrize("option", ["absent/python", "python9", "./text", "folder/", "/"])
def test_what_cannot_be_run_is_refused_before_anything_starts(option, tmp_path):
    program(tmp_path / "text", 0o644)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot be run") as caught:
        choose_interpreter(option, {"PATH": "/absent"}, tmp_path)
    assert option in caught.value.message
    assert caught.value.hint


def test_else_that_of_the_active_environment(tmp_path):
    environ = virtual_environment(tmp_path, has_pytest=True)
    chosen, reason = choose_interpreter(None, environ, tmp_path)
    assert chosen == str(tmp_path / "bin" / "python")
    assert "virtual environment" in reason


@pytest.mark.parametrize("environ", [{}, {"VIRTUAL_ENV": ""}, {"VIRTUAL_ENV": "/gone"}])
def test_else_our_own(environ, tmp_path):
    assert choose_interpreter(None, environ, tmp_path)[0] == sys.executable


def test_an_environment_without_pytest_is_passed_over(tmp_path):
    environ = virtual_environment(tmp_path, has_pytest=False)
    chosen, reason = choose_interpreter(None, environ, tmp_path)
    assert chosen == sys.executable
    assert "this program" in reason


MEMINFO = (
    "MemTotal:  16000 kB\nMemFree:  100 kB\nMemAvailable:    8000 kB\nHugePages_Total:       0\n"
)
V1 = {"memory/memory.limit_in_bytes": "5000000", "memory/memory.usage_in_bytes": "4000000"}


@pytest.mark.parametrize(
    ("files", "size"),
    [
        ({}, 8_192_000),
        ({"memory.max": "max\n", "memory.current": "5\n"}, 8_192_000),
        ({"memory.max": "3000000\n", "memory.current": "1000000\n"}, 2_000_000),
        ({"memory.max": "3000000\n", "memory.current": "3100000\n"}, 0),
        ({"memory.max": "3000000", "memory.current": "2000000",
          "memory.stat": "anon 900\ninactive_file 1500000\n"}, 2_500_000),
        ({"memory.max": "30000000000", "memory.current": "0"}, 8_192_000),
        (V1, 1_000_000),
        ({**V1, "memory/memory.stat": "cache 9\ntotal_inactive_file 500000\n"}, 1_500_000),
        ({"memory.max": "gibberish", "memory.current": "1"}, 8_192_000),
    ],
)  # fmt: skip
def test_memory_is_what_the_machine_has_free_below_the_cgroups_limit(tmp_path, files, size):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(MEMINFO)
    assert available_memory(cgroup(tmp_path / "cgroup", files), meminfo) == size


def test_a_platform_that_does_not_tell_its_memory_has_none_to_tell(tmp_path):
    assert available_memory(tmp_path, tmp_path / "meminfo") is None
