"""SIGKILL of the runner: nothing is left within seconds; the next run works."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

Make = Callable[..., Any]

FILES = {
    "config/catalogue.yaml": """
        version: 1
        services:
          postgres: {embedded: postgresql}
          redis: {embedded: redis}
        suites:
          stored: {paths: [tests], services: [postgres, redis]}
        """,
    "tests/test_a.py": """
        import pathlib, subprocess, time
        def test_waits():
            subprocess.Popen(["sleep", "600"], start_new_session=True)
            pathlib.Path("started").touch()
            while not pathlib.Path("go").exists():
                time.sleep(0.01)
        """,
}


def until(condition: Callable[[], bool], within_s: float, what: str) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def of_run(run_id: str) -> list[psutil.Process]:
    """Every living process that was started with the run's id, or works in its folders.

    A PostgreSQL writes its title over its environment.
    """
    found = []
    folders = places(run_id)
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            is_named = process.environ().get("UTR_RUN_ID") == run_id or run_id in process.cmdline()
            if is_named or any(Path(process.cwd()).is_relative_to(each) for each in folders):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def listening(pids: set[int]) -> set[int]:
    return {
        connection.laddr.port
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.pid in pids
    }


def ports_in_use() -> set[int]:
    return {
        connection.laddr.port
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def places(run_id: str) -> set[Path]:
    """Folders outside of the run directory that bear our mark, and this run's id."""
    found = set()
    for parent in (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp")):
        for folder in parent.glob("utr-*"):
            try:
                marks = [m for m in folder.glob(".utr*") if m.is_file()]
                if any(run_id in mark.read_text(errors="replace") for mark in marks):
                    found.add(folder)
            except OSError:
                continue
    return found


def segments() -> int:
    """System V segments that nobody is attached to: what a killed PostgreSQL leaves."""
    lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
    return sum(int(line.split()[6]) == 0 for line in lines)


class Victim:
    """A run that waits in its only test, to be killed."""

    def __init__(self, made: Any) -> None:
        self.made = made
        self.segments_before = segments()
        (made.root / "started").unlink(missing_ok=True)
        self.process, runs = made.start("--real-services", "-n", "1")
        until((made.root / "started").exists, 60, "the test does not start")
        self.run_id = max(runs.iterdir()).name
        self.family = of_run(self.run_id)
        pids = {member.pid for member in self.family}
        self.ports = listening(pids)
        self.places = places(self.run_id)

    def watcher(self) -> psutil.Process:
        (found,) = [p for p in self.family if any("watcher" in word for word in p.cmdline())]
        return found

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate()

    def assert_gone(self, within_s: float) -> None:
        until(lambda: not of_run(self.run_id), within_s, "a process is left")
        until(lambda: not places(self.run_id), within_s, "a folder is left")
        until(lambda: not self.ports & ports_in_use(), within_s, "a port is in use")
        until(lambda: segments() <= self.segments_before, within_s, "a segment is left")


@pytest.fixture
def victim(project: Make) -> Iterator[Victim]:
    found = Victim(project(FILES))
    try:
        assert len(found.ports) == 2, "a PostgreSQL and a Redis listen"
        assert found.places, "a data directory is there"
        yield found
    finally:
        found.close()


def assert_the_next_run_works(made: Any) -> None:
    (made.root / "go").touch()
    result = made.run("--real-services", "-n", "1")
    assert result.exit_code == 0, result
    assert result.counts == {"passed": 1}


def test_r36_nothing_is_left_five_seconds_after_a_kill(victim: Victim) -> None:
    victim.kill()
    victim.assert_gone(within_s=5)
    assert_the_next_run_works(victim.made)


def test_r36_the_next_run_removes_what_a_killed_watcher_could_not(victim: Victim) -> None:
    victim.watcher().kill()
    victim.kill()
    assert victim.places == places(victim.run_id), "nobody was there to remove it"
    assert_the_next_run_works(victim.made)
    victim.assert_gone(within_s=1)


def test_a_run_that_lives_is_never_swept_by_another(project: Make, victim: Victim) -> None:
    other = project({"tests/test_b.py": "def test_b(): pass\n"}, "other")
    assert other.run().exit_code == 0
    assert of_run(victim.run_id)
    assert places(victim.run_id) == victim.places
    (victim.made.root / "go").touch()
    stdout, _ = victim.process.communicate(timeout=60)
    assert victim.process.returncode == 0, stdout
    victim.assert_gone(within_s=1)
