"""A real template process: forks workers, which walk, run and end; and what happens if not."""

from __future__ import annotations

import os
import select
import signal
import sys
import textwrap
import time
import venv
from typing import TYPE_CHECKING

import psutil
import pytest

from unified_test_runner.bell import Bell
from unified_test_runner.model import UnitKey, fold_outcome
from unified_test_runner.steps import Assign, UnitPlan
from unified_test_runner.worker import protocol
from unified_test_runner.worker.child.utr_child import wire
from unified_test_runner.worker.template import ForkRequest, Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from unified_test_runner.worker.process import WorkerProcess

pytestmark = pytest.mark.integration
PATIENCE_S = 30.0


class Scene:
    """A template with its project, and everything heard so far."""

    def __init__(self, root: Path, interpreter: str = sys.executable) -> None:
        self.root = root
        self.environ = {"PATH": os.environ["PATH"], "UTR_SLOT": "none"}
        self.bell = Bell()
        self.template = Template(
            group=0, interpreter=interpreter, environ=self.environ, root=root,
            output=root / "template.log", bell_rope=self.bell.rope,
        )  # fmt: skip
        self.heard: list[protocol.Message] = []
        self.workers: list[WorkerProcess] = []

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(textwrap.dedent(text))

    def fork(self, *arguments: str, slot: int = 0) -> WorkerProcess:
        number = len(self.workers)
        worker = self.template.fork(
            ForkRequest(
                coverage=self.root / f"cov{number}",
                worker=number, slot=slot, group=0, arguments=("-p", "no:cacheprovider", *arguments),
                environ={**self.environ, "UTR_SLOT": str(slot)}, root=self.root,
                basetemp=self.root / "tmp" / f"w{number}", output=self.root / f"w{number}.log",
                stacks=self.root / f"w{number}.stacks",
            )
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def hear(self, source: Template | WorkerProcess, kind: type) -> list:
        """Take messages of one source until one is of `kind` (None: until end of file)."""
        taken = []
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if not select.select([source], [], [], PATIENCE_S)[0]:
                break
            received = source.receive()
            if received is None:
                assert kind is type(None), f"end of file after {taken}"
                return taken
            taken += [
                item.message if isinstance(item, protocol.Received) else item for item in received
            ]
            if any(isinstance(message, kind) for message in taken):
                return taken
        raise AssertionError(f"no {kind.__name__} in time, only {taken}\n{self.logs()}")

    def the(self, source: Template | WorkerProcess, kind: type):
        """Return the first message of a kind."""
        return next(item for item in self.hear(source, kind) if isinstance(item, kind))

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in self.root.glob("*.log"))

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.template.close(PATIENCE_S)
        self.bell.close()


@pytest.fixture
def scene(tmp_path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    made.write("test_a.py", "def test_a(): pass\ndef test_b(): assert 0\n")
    yield made
    made.close()


KEY = UnitKey(path="test_a.py")


def run(worker: WorkerProcess, key: UnitKey = KEY) -> None:
    unit = UnitPlan(key=key, suite="s")
    worker.run(Assign(worker=worker.worker, unit=unit, start=0), patterns=(), ids=())


def test_a_template_says_who_it_is(scene):
    hello = scene.the(scene.template, protocol.TemplateHello)
    assert hello.version == wire.VERSION
    assert hello.pid == scene.template.pid
    assert hello.python == ".".join(map(str, sys.version_info[:3]))
    assert hello.pytest == pytest.__version__


def test_a_worker_walks_runs_ends_and_is_reaped(scene):
    worker = scene.fork()
    forked = scene.the(scene.template, protocol.Forked)
    begun = scene.hear(worker, protocol.Walked)
    assert [type(message) for message in begun] == [protocol.Hello, protocol.Walked]
    assert begun[0].pid == worker.pid == forked.pid
    assert begun[1].keys == (KEY,)

    run(worker)
    told = scene.hear(worker, protocol.UnitEnded)
    assert [type(message).__name__ for message in told] == [
        "UnitStarted", "UnitCollected", "TestStarted", "TestEnded", "TestStarted", "TestEnded",
        "UnitEnded",
    ]  # fmt: skip
    assert told[1].ids == ("test_a.py::test_a", "test_a.py::test_b")
    ends = [message for message in told if isinstance(message, protocol.TestEnded)]
    assert [fold_outcome(end.all_phases).value for end in ends] == ["passed", "failed"]
    assert told[-1].ran == 2

    worker.finish()
    assert isinstance(scene.hear(worker, protocol.Finished)[-1], protocol.Finished)
    exited = scene.the(scene.template, protocol.Exited)
    assert (exited.pid, exited.status) == (forked.pid, 0)
    assert exited.peak_rss_bytes > 1 << 20
    assert scene.hear(worker, type(None)) == []


def test_a_unit_that_the_walk_did_not_find_is_given_back(scene):
    worker = scene.fork()
    scene.hear(worker, protocol.Walked)
    run(worker, UnitKey(path="gone.py"))
    assert isinstance(scene.hear(worker, protocol.UnitUnknown)[-1], protocol.UnitUnknown)
    run(worker)
    assert scene.the(worker, protocol.UnitEnded).ran == 2


def test_each_worker_has_the_environment_of_its_slot_before_a_conftest_is_imported(scene):
    scene.write("conftest.py", "import os\nSLOT = os.environ['UTR_SLOT']\n")
    scene.write(
        "test_a.py",
        """
        import os, conftest
        def test_a(record_property):
            record_property("slot", conftest.SLOT)
            record_property("run id", os.environ.get("UTR_RUN_ID"))
        """,
    )
    workers = [scene.fork(slot=7), scene.fork(slot=8)]
    for worker in workers:
        scene.hear(worker, protocol.Walked)
        run(worker)
    slots = [scene.the(worker, protocol.TestEnded).properties for worker in workers]
    assert slots == [(("slot", str(slot)), ("run id", "None")) for slot in (7, 8)]


@pytest.mark.parametrize(
    ("end", "status"),
    [("os._exit(3)", 3), ("os.kill(os.getpid(), 9)", -9), ("os.abort()", -signal.SIGABRT)],
)
def test_a_worker_that_dies_in_a_test_is_reaped_with_its_status(scene, end, status):
    scene.write("test_a.py", f"import os\ndef test_a(): {end}\n")
    worker = scene.fork()
    scene.hear(worker, protocol.Walked)
    run(worker)
    told = scene.hear(worker, type(None))
    assert isinstance(told[-1], protocol.TestStarted), "its start was told before it died"
    assert scene.the(scene.template, protocol.Exited).status == status


def test_what_a_broken_conftest_says_is_told_and_the_worker_ends(scene):
    scene.write("conftest.py", "import absent_module\n")
    worker = scene.fork()
    failed = scene.the(worker, protocol.ConfigureFailed)
    assert not failed.is_usage
    assert "absent_module" in failed.message
    assert failed.path == str(scene.root / "conftest.py")
    assert scene.the(scene.template, protocol.Exited).status == 4


def test_arguments_that_pytest_refuses_are_told_as_usage(scene):
    worker = scene.fork("--frobnicate")
    failed = scene.the(worker, protocol.ConfigureFailed)
    assert failed.is_usage
    assert "--frobnicate" in failed.text


def test_what_a_fork_of_a_test_writes_is_dropped_and_its_pid_is_kept(scene):
    """The fork returns from its test and goes on as if it were the worker."""
    scene.write(
        "test_a.py",
        """
        import os
        WORKER = os.getpid()
        def test_forks():
            pid = os.fork()
            if pid != 0:
                os.waitpid(pid, 0)
        def test_after():
            if os.getpid() != WORKER:
                os._exit(0)
        """,
    )
    worker = scene.fork()
    scene.hear(worker, protocol.Walked)
    run(worker)
    told = scene.hear(worker, protocol.UnitEnded)
    names = [message.name for message in told if isinstance(message, protocol.TestStarted)]
    assert names == ["test_forks", "test_after"]
    assert sum(isinstance(message, protocol.TestEnded) for message in told) == 2
    assert len(worker.foreign_pids) == 1
    assert worker.pid not in worker.foreign_pids


def test_a_template_that_is_killed_is_an_end_of_file(scene):
    scene.the(scene.template, protocol.TemplateHello)
    os.kill(scene.template.pid, signal.SIGKILL)
    assert scene.hear(scene.template, type(None)) == []
    worker = scene.fork()
    assert scene.hear(worker, type(None)) == [], "a worker asked for too late ends at once"
    assert worker.pid is None
    assert scene.template.close(PATIENCE_S) == -signal.SIGKILL


def test_a_runner_that_goes_takes_template_and_workers_with_it(scene):
    """Nothing is left to run tests for no one."""
    worker = scene.fork()
    scene.hear(worker, protocol.Walked)
    assert scene.template.close(PATIENCE_S) == 0
    assert scene.hear(worker, type(None)) == []
    wait_until(lambda: not _is_running(worker.pid))


def test_killing_a_worker_kills_what_its_tests_started(scene):
    scene.write(
        "test_a.py",
        """
        import subprocess, sys
        def test_a(record_property):
            child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
            open("child.pid", "w").write(str(child.pid))
            child.wait()
        """,
    )
    worker = scene.fork()
    scene.hear(worker, protocol.Walked)
    run(worker)
    scene.hear(worker, protocol.TestStarted)
    wait_until(lambda: (scene.root / "child.pid").exists() and _pid(scene.root) > 0)
    worker.kill()
    assert scene.the(scene.template, protocol.Exited).status == -signal.SIGKILL
    child = _pid(scene.root)
    wait_until(lambda: not _is_running(child))


def _pid(root: Path) -> int:
    return int((root / "child.pid").read_text() or 0)


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_an_interpreter_without_pytest_ends_without_a_word_of_greeting(tmp_path):
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    scene = Scene(tmp_path, str(tmp_path / "bare" / "bin" / "python"))
    try:
        assert scene.hear(scene.template, type(None)) == []
        assert "No module named" in (tmp_path / "template.log").read_text().splitlines()[-1]
    finally:
        scene.close()
