"""A real template process: forks workers, which walk, run and end; and what happens if not."""

from __future__ import annotations

import os
import signal
import sys
import time
import venv
from typing import TYPE_CHECKING

import psutil
import pytest

from unified_test_runner.model import UnitKey, fold_outcome
from unified_test_runner.steps import Assign, UnitPlan
from unified_test_runner.worker import protocol
from unified_test_runner.worker.child.utr_child import wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unified_test_runner.worker.process import WorkerProcess

pytestmark = pytest.mark.integration
PATIENCE_S = 30.0


@pytest.fixture(params=["fork", "spawn"])
def scene(request, make_scene):
    made = make_scene(start=request.param)
    made.template.prepare()
    made.write("test_a.py", "def test_a(): pass\ndef test_b(): assert 0\n")
    return made


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
    hello, *words, walked = begun
    assert hello.pid == worker.pid == forked.pid
    assert {type(message) for message in words} <= {protocol.PluginsTold}
    assert walked.keys == (KEY,)

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
    assert slots == [(("slot", str(slot)), ("run id", "a-run")) for slot in (7, 8)]


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


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_an_interpreter_without_pytest_ends_without_a_word_of_greeting(make_scene, start, tmp_path):
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    scene = make_scene(interpreter=str(tmp_path / "bare" / "bin" / "python"), start=start)
    scene.template.prepare()
    assert scene.hear(scene.template, type(None)) == []
    assert "No module named" in scene.template.said().splitlines()[-1]


def test_both_kinds_of_worker_see_the_same_process(make_scene):
    scene = make_scene(start="fork")
    scene.template.prepare()
    scene.write("conftest.py", "import os\nSEEN = dict(os.environ)\n")
    scene.write(
        "test_a.py",
        """
        import os, signal, sys, time, conftest
        from pathlib import Path
        def test_a(record_property):
            main = sys.modules["__main__"]
            seen = {
                "argv": sys.argv, "path": sys.path, "main": (main.__name__, main.__file__),
                "environment": sorted(conftest.SEEN.items()), "flags": tuple(sys.flags)[:-1],
                "folder": os.getcwd(), "leads": (os.getpgid(0), os.getsid(0)) == (os.getpid(),) * 2,
                "signals": [(n, str(signal.getsignal(n)).partition(" at ")[0])
                            for n in sorted(signal.valid_signals())],
                "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, []),
                "input": os.readlink("/proc/self/fd/0"), "order": list({"a", "b", "c", "d", "e"}),
                "hooks": [str(each).partition(" ")[0] for each in sys.meta_path],
                "files": sorted(int(n) for n in os.listdir("/proc/self/fd") if int(n) < 1000),
                "threads": len(os.listdir("/proc/self/task")),
            }
            for name, value in seen.items():
                record_property(name, value)
        """,
    )
    seen = []
    for is_spawned in (False, True, True):
        worker = scene.fork(is_spawned=is_spawned)
        scene.hear(worker, protocol.Walked)
        run(worker)
        seen.append(dict(scene.the(worker, protocol.TestEnded).properties))
    forked, spawned, again = seen
    assert spawned == again, "one order of sets for all"
    assert {**forked, "order": spawned["order"]} == spawned
    assert forked["leads"] == "True"


def test_threads_of_a_fresh_interpreter_are_a_reason_not_to_fork(make_scene, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, name='beat', daemon=True).start()\n"
    )
    for wanted, start, reason in (
        ("auto", "spawn", "2 threads run in a fresh interpreter (beat)"),
        ("fork", "fork", "as --start says"),
    ):
        scene = make_scene(start=wanted, PYTHONPATH=str(tmp_path / "site"))
        scene.write("test_a.py", "def test_a(): pass\n")
        scene.template.prepare()
        hello = scene.the(scene.template, protocol.TemplateHello)
        assert (hello.start, hello.reason, hello.pytest) == (start, reason, pytest.__version__)
        worker = scene.fork()
        scene.hear(worker, protocol.Walked)
        run(worker)
        assert scene.the(worker, protocol.UnitEnded).ran == 1


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_worker_is_told_more_than_a_pipe_holds(make_scene, start):
    scene = make_scene(start=start)
    scene.template.prepare()
    scene.write("test_a.py", "def test_a(): pass\n")
    worker = scene.fork("--deselect", "x" * 1_000_000)
    assert scene.the(worker, protocol.Walked).keys == (KEY,)
