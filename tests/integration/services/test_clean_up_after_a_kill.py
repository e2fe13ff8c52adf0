"""What happens to processes, directories and databases when the runner is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import redis

from unified_test_runner.services.holdings import (
    MARKER,
    OwnedDirectory,
    OwnedProcess,
    new_token,
)
from unified_test_runner.services.lease import Lease, leases_directory
from unified_test_runner.services.processes import start_token
from unified_test_runner.services.sweep import sweep
from unified_test_runner.services.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from conftest import Eventually, Run

FAKE_RUNNER = Path(__file__).with_name("fake_runner.py")
REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True, kw_only=True)
class Victim:
    """A runner to be killed, and what it holds."""

    process: subprocess.Popen[str]
    run_id: str
    said: dict[str, Any]
    pids: tuple[int, ...]
    folders: tuple[Path, ...]
    segments: frozenset[int]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def remains(self) -> list[object]:
        """Everything of the run that still exists."""
        return [
            *(pid for pid in self.pids if start_token(pid) is not None),
            *(folder for folder in self.folders if folder.exists()),
            *(segments() & self.segments),
            *([self.said["lease"]] if Path(self.said["lease"]).exists() else []),
        ]


def segments(made_by: Collection[int] | None = None) -> frozenset[int]:
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    rows = [[int(field) for field in line.split()] for line in lines]
    return frozenset(row[1] for row in rows if made_by is None or row[4] in made_by)


def held_by(lease: Path) -> tuple[tuple[int, ...], tuple[Path, ...]]:
    pids: dict[str, int] = {}
    folders: dict[str, Path] = {}
    for line in lease.read_text().splitlines()[1:]:
        entry = json.loads(line)
        holding = entry.get("holding", {})
        if entry["op"] == "forget":
            pids.pop(entry["id"], None)
            folders.pop(entry["id"], None)
        elif holding["type"] == "process" and "pid" in holding:
            pids[holding["id"]] = holding["pid"]
        elif holding["type"] == "directory":
            folders[holding["id"]] = Path(holding["path"])
    return tuple(pids.values()), tuple(folders.values())


@pytest.fixture
def new_victim(
    tmp_path: Path, environ: dict[str, str], outside: dict[str, str]
) -> Iterator[Callable[..., Victim]]:
    victims: list[Victim] = []

    def make(**extra: str) -> Victim:
        run_id = new_token()
        process = subprocess.Popen(
            [sys.executable, str(FAKE_RUNNER), run_id, str(tmp_path)],
            env={
                **environ,
                "PYTHONPATH": os.pathsep.join([str(REPOSITORY), environ.get("PYTHONPATH", "")]),
                "PG_ADDRESS": outside["DATABASE_URL"],
                "REDIS_ADDRESS": outside["REDIS_URL"],
                **extra,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said = json.loads(process.stdout.readline())
        assert isinstance(said["variables"], dict), said
        pids, folders = held_by(Path(said["lease"]))
        victim = Victim(
            process=process,
            run_id=run_id,
            said=said,
            pids=(*pids, *said["strays"]),
            folders=folders,
            segments=segments(pids),
        )
        victims.append(victim)
        return victim

    yield make
    for victim in victims:
        victim.process.kill()
        victim.process.wait()
        victim.process.stdin.close()
        victim.process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_watcher_removes_everything_within_five_seconds(
    databases: Any,
    new_victim: Callable[..., Victim],
    outside: dict[str, str],
    eventually: Eventually,
) -> None:
    victim = new_victim()
    assert len(victim.pids) >= 4
    assert len(victim.folders) == 2
    assert victim.segments
    victim.kill()
    eventually(lambda: not victim.remains(), within_s=5)
    assert victim.said["variables"]["PG2"] not in databases(outside["DATABASE_URL"])
    with redis.Redis.from_url(outside["REDIS_URL"]) as connection:
        assert connection.keys("utr:*") == []
    eventually(lambda: start_token(victim.said["watcher"]) is None)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_next_sweep_removes_everything_when_the_watcher_was_killed_too(
    databases: Any,
    new_victim: Callable[..., Victim],
    environ: dict[str, str],
    outside: dict[str, str],
    eventually: Eventually,
) -> None:
    victim = new_victim()
    os.kill(victim.said["watcher"], signal.SIGKILL)
    eventually(lambda: start_token(victim.said["watcher"]) is None)
    victim.kill()
    lines = eventually(lambda: sweep(environ))
    assert lines[0].startswith(f"removed what run {victim.run_id} left behind")
    assert lines[1:] == []
    assert victim.remains() == []
    assert victim.said["variables"]["PG2"] not in databases(outside["DATABASE_URL"])
    assert sweep(environ) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_watcher_has_nothing_to_do_after_an_orderly_end(
    new_victim: Callable[..., Victim],
) -> None:
    victim = new_victim(FAKE_RUNNER_ENDS_IN_ORDER="1")
    victim.process.stdin.close()
    assert victim.process.wait(20) == 0
    assert victim.remains() == []
    assert start_token(victim.said["watcher"]) is None


def test_a_lease_of_a_living_process_is_never_swept(run: Run) -> None:
    folder = run.root / "held"
    holding = run.lease.record_directory(folder)
    assert sweep(run.environ) == []
    assert folder.is_dir()
    (folder / MARKER).unlink()
    folder.rmdir()
    run.lease.forget(holding)


def abandon(lease: Lease) -> None:
    """Leave a lease as a killed runner does: unlocked, its file in place."""
    os.close(lease._descriptor)
    lease._descriptor = -1


def test_look_alikes_survive_a_sweep(tmp_path: Path, environ: dict[str, str]) -> None:
    lease = Lease.acquire(new_token(), environ)
    foreign, unmarked, linked = (tmp_path / name for name in ("foreign", "unmarked", "linked"))
    for folder in (foreign, unmarked):
        folder.mkdir()
        (folder / "precious").touch()
    (foreign / MARKER).write_text("another run")
    for folder in (foreign, unmarked):
        lease.record(OwnedDirectory(id=new_token(), path=str(folder)))
    target = tmp_path / "target"
    target.mkdir()
    (target / MARKER).write_text(lease.run_id)
    linked.symlink_to(target)
    lease.record(OwnedDirectory(id=new_token(), path=str(linked)))
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        # The right process id and start time, but without our variable; and a reused id.
        for started in (start_token(process.pid), "1"):
            lease.record(OwnedProcess(id=new_token(), pid=process.pid, started=started))
        abandon(lease)
        lines = sweep(environ)
        assert process.poll() is None
        process.kill()
    assert (foreign / "precious").exists()
    assert (unmarked / "precious").exists()
    assert (target / MARKER).exists()
    assert [line for line in lines if "stays" in line]


def test_processes_of_another_boot_are_left_alone(tmp_path: Path, environ: dict[str, str]) -> None:
    lease = Lease.acquire(new_token(), environ)
    folder = tmp_path / "held"
    lease.record_directory(folder)
    child = {"UTR_RUN_ID": lease.run_id, "PATH": environ["PATH"]}
    with subprocess.Popen(["sleep", "600"], env=child, start_new_session=True) as process:
        lease.record_process(process.pid)
        abandon(lease)
        head, *rest = lease.path.read_text().splitlines(keepends=True)
        plain = {**json.loads(head), "boot_id": "another"}
        with lease.path.open("r+") as stream:
            stream.write(json.dumps(plain) + "\n" + "".join(rest))
            stream.truncate()
        sweep(environ)
        assert process.poll() is None
        process.kill()
    assert not folder.exists()
    assert not lease.path.exists()


def test_a_copied_lease_is_not_believed(tmp_path: Path, environ: dict[str, str]) -> None:
    lease = Lease.acquire(new_token(), environ)
    folder = tmp_path / "held"
    holding = lease.record_directory(folder)
    copy = leases_directory(environ) / "copy.jsonl"
    copy.write_bytes(lease.path.read_bytes())
    assert sweep(environ) == []
    assert folder.is_dir()
    lease.forget(holding)
    lease.release()
    assert copy.exists()


def test_a_sweep_without_work_is_quick(environ: dict[str, str]) -> None:
    sweep(environ)
    began = time.perf_counter()
    assert sweep(environ) == []
    assert time.perf_counter() - began < 0.05


def ignored(pid: int) -> set[int]:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("SigIgn:"))
    mask = int(line.split()[1], 16)
    return {number for number in range(1, 32) if mask >> (number - 1) & 1}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_watcher_ignores_signals_meant_for_the_terminals_group(
    environ: dict[str, str], eventually: Eventually
) -> None:
    lease = Lease.acquire(new_token(), environ)
    watcher = Watcher.start(lease.path, lease.run_id)
    process = psutil.Process(watcher.pid)
    assert os.getsid(watcher.pid) == watcher.pid
    numbers = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    eventually(lambda: ignored(watcher.pid).issuperset(numbers))
    for number in numbers:
        process.send_signal(number)
    assert process.is_running()
    lease.release()
    watcher.close()
    assert not process.is_running()
