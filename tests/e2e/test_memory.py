"""Ceilings of memory, workers that are replaced, and tests that grow with each run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.e2e.conftest import Project

    Make = Callable[[Mapping[str, str]], Project]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

CATALOGUE = "version: 1\nsuites: {s: {paths: [tests], limits: {%s}}}\n"

HUNGRY = """
    import subprocess, sys, time

    def test_before(): pass

    def test_hungry():
        held = []
        while True:
            held.append(bytearray(8 << 20))
            time.sleep(0.02)

    def test_hungry_child():
        code = "held = bytearray(400 << 20); import time; time.sleep(600)"
        subprocess.run([sys.executable, "-c", code])

    def test_after(): pass
"""


def test_a_worker_above_its_ceiling_is_ended_and_the_rest_goes_on(project: Make) -> None:
    made = project({"tests/test_a.py": HUNGRY, "tests/test_b.py": "def test_b(): pass\n"})
    made.write({"config/catalogue.yaml": CATALOGUE % "memory: 250MiB"})
    result = made.run("-n", "1")
    assert result.exit_code == 1, result
    assert result.outcomes == {
        "tests/test_a.py::test_before": "passed",
        "tests/test_a.py::test_hungry": "crashed",
        "tests/test_a.py::test_hungry_child": "crashed",
        "tests/test_a.py::test_after": "passed",
        "tests/test_b.py::test_b": "passed",
    }
    messages = {test["nodeid"]: test["message"] for test in result.json["tests"]}
    alone = messages["tests/test_a.py::test_hungry"]
    assert alone.startswith("memory: its worker used ")
    assert alone.endswith(" MiB, ceiling 250 MiB")
    assert "with its 1 child process used" in messages["tests/test_a.py::test_hungry_child"]
    assert "in test_hungry\n" in result.stdout, "the stack says where it was"


def test_a_conftest_above_the_ceiling_gives_the_group_up(project: Make) -> None:
    heavy = "import time\nheld = bytearray(400 << 20)\ntime.sleep(600)\n"
    made = project({"tests/test_a.py": "def test_a(): pass\n", "tests/conftest.py": heavy})
    made.write({"config/catalogue.yaml": CATALOGUE % "memory: 250MiB"})
    result = made.run("-n", "1")
    assert result.exit_code == 1, result
    assert "while they start: memory: its worker used" in result.stdout


def test_a_large_worker_is_replaced_between_files(project: Make) -> None:
    text = """
    import os
    held = []
    def test_first(): held.append(b"x" * (100 << 20))
    def test_second(): assert held
    """
    made = project({f"tests/test_{n}.py": text for n in range(3)})
    made.write({"config/catalogue.yaml": CATALOGUE % "recycle: 110MiB"})
    result = made.run("-n", "1")
    assert result.exit_code == 0, result
    assert result.counts == {"passed": 6}
    workers = {test["path"]: test["worker"] for test in result.json["tests"]}
    assert sorted(workers.values()) == [0, 1, 2]
    assert [event["path"] for event in result.of_kind("worker_recycled")] == list(workers)
    assert all(event["is_expected"] for event in result.of_kind("worker_exited"))
    assert "3 workers replaced between files" in result.stdout


def test_a_small_worker_is_kept(project: Make) -> None:
    made = project({f"tests/test_{n}.py": "def test_a(): pass\n" for n in range(3)})
    made.write({"config/catalogue.yaml": CATALOGUE % "recycle: 2GiB"})
    result = made.run("-n", "1")
    assert {test["worker"] for test in result.json["tests"]} == {0}
    assert not result.of_kind("worker_recycled")


def test_a_bound_of_the_project_itself_is_the_tests_failure(project: Make) -> None:
    """`RLIMIT_AS` makes allocations fail; nothing of ours has a hand in it.

    A kill by the kernel for want of memory is only simulated, in the unit tests: it needs a
    cgroup with a limit, and whoever runs this suite must not be moved out of theirs.
    """
    text = """
    import resource
    def test_a():
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (400 << 20, hard))
        try:
            bytearray(1 << 30)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    """
    result = project({"tests/test_a.py": text}).run("-n", "1")
    assert result.outcomes == {"tests/test_a.py::test_a": "failed"}, result
    assert "MemoryError" in result.json["tests"][0]["message"]


def test_a_kill_from_elsewhere_is_told_as_what_it_is(project: Make) -> None:
    text = "import os, signal\ndef test_a(): os.kill(os.getpid(), signal.SIGKILL)\n"
    result = project({"tests/test_a.py": text}).run("-n", "1")
    assert result.json["tests"][0]["message"] == "killed by SIGKILL"


GROWING = """
    import pytest
    held = []

    @pytest.mark.parametrize("n", range(100))
    def test_grows(n):
        held.append(b"x" * (20 * 1024))

    @pytest.mark.parametrize("n", range(100))
    def test_grows_by_small_objects(n):
        held.append([object() for _ in range(850)])

    @pytest.mark.parametrize("n", range(100))
    def test_steady(n):
        assert len(bytes(20 * 1024)) + len([object() for _ in range(850)])

    @pytest.mark.parametrize("n", range(100))
    def test_once(n):
        if n == 50:
            held.append(b"x" * (5 << 20))

    @pytest.mark.parametrize("n", range(100))
    def test_circles(n):
        for _ in range(20):
            circle = [b"x" * 1000]
            circle.append(circle)

    @pytest.mark.parametrize("n", range(300))
    def test_nothing(n):
        pass
"""


def test_twenty_kib_a_run_are_seen_and_nobody_else_is_accused(project: Make) -> None:
    result = project({"tests/test_a.py": GROWING}).run("-n", "1")
    assert result.exit_code == 0, result
    growing = {each["nodeid"]: each for each in result.json["growth"]}
    assert set(growing) == {
        "tests/test_a.py::test_grows",
        "tests/test_a.py::test_grows_by_small_objects",
    }, result
    for each in growing.values():
        assert each["runs"] == 100
        assert 14 * 1024 <= each["per_run_bytes"] <= 28 * 1024
    assert " KiB per run: tests/test_a.py::test_grows (100 runs)" in result.stdout
