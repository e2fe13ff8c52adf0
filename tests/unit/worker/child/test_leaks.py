"""Each kind of leftover is found and named; what ends, is kept by a library or foreign is not."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.resource_tracker
import multiprocessing.sharedctypes
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from unified_test_runner.worker.child.utr_child import descriptors, leaks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def watch(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "_name_sequence", tempfile._get_candidate_names())
    made = leaks.watch(True)
    assert isinstance(made, leaks.Leaks)
    made.settle()
    yield made
    for fd in (made._fds, made._tasks, made._children):
        with contextlib.suppress(OSError):
            os.close(fd)


def found(watch, nodeid="a.py::test"):
    watch.after(nodeid)
    return [(leak["resource"], leak["what"]) for leak in watch.judge() if leak["nodeid"] == nodeid]


def listening():
    return socket.create_server(("127.0.0.1", 0))


def test_a_test_that_leaves_nothing_costs_no_second_look(watch, monkeypatch):
    monkeypatch.setattr(watch, "_look", lambda _: pytest.fail("nothing changed"))
    for _ in range(3):
        watch.after("a.py::test")
    assert watch.judge() == []


def test_sockets_are_named_by_protocol_and_address(watch, tmp_path):
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(listening())
        host, port = server.getsockname()
        client = stack.enter_context(socket.create_connection((host, port)))
        own = client.getsockname()[1]
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(tmp_path / "s"))
        unix.listen()
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0utr-{os.getpid()}")
        stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        expected = [
            ("descriptor", f"socket TCP {host}:{own} to {host}:{port}"),
            ("descriptor", f"socket TCP {host}:{port} listening"),
            ("descriptor", "socket UDP"),
            ("descriptor", f"socket UNIX {tmp_path / 's'} listening"),
            ("descriptor", f"socket UNIX @utr-{os.getpid()}"),
        ]
        assert sorted(found(watch)) == sorted(expected)
        assert server.getsockname() == (host, port), "naming it has closed it"


def test_files_pipes_and_the_rest(watch, tmp_path):
    path = tmp_path / "x"
    with contextlib.ExitStack() as stack:
        stack.enter_context(path.open("w"))
        for fd in (*os.pipe(), os.open(tmp_path, os.O_RDONLY)):
            stack.callback(os.close, fd)
        loop = stack.enter_context(contextlib.closing(asyncio.new_event_loop()))
        assert loop
        watch.after("a.py::test")
        told = {leak["what"]: leak["count"] for leak in watch.judge()}
    expected = {f"file {path}": 1, "pipe": 2, f"directory {tmp_path}": 1, "epoll": 1}
    assert told == {**expected, "socket UNIX": 2}


def test_threads_of_python_and_of_others(watch):
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="waits", daemon=True)
    thread.start()
    lock = threading.Lock()
    lock.acquire()
    import _thread

    _thread.start_new_thread(lock.acquire, ())
    try:
        kinds = found(watch)
    finally:
        stop.set()
        lock.release()
        thread.join()
    assert ("thread", "waits, daemon") in kinds
    assert [kind for kind, _ in kinds].count("native thread") == 1


def test_processes(watch):
    child = subprocess.Popen(["sleep", "600"])
    try:
        watch.after("a.py::test")
        (leak,) = watch.judge()
    finally:
        child.kill()
        child.wait()
    assert (leak["resource"], leak["what"], leak["pid"]) == ("process", "sleep 600", child.pid)


def test_a_process_that_ended_unawaited_is_no_leak(watch):
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert found(watch) == []
    child.wait()


def test_what_ends_within_a_moment_is_no_leak(watch, monkeypatch):
    monkeypatch.setattr(leaks, "_GRACE_S", 30.0)
    monkeypatch.setattr(watch, "_patience_s", 30.0)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    watch.after("a.py::test")
    monkeypatch.setattr(leaks.time, "sleep", lambda _: stop.set())
    assert watch.judge() == []
    thread.join()


def test_all_waiting_together_is_bounded(watch, monkeypatch):
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    watch.after("a.py::test")
    monkeypatch.setattr(watch, "_patience_s", 0.0)
    monkeypatch.setattr(leaks.time, "sleep", lambda _: pytest.fail("its patience is at its end"))
    assert watch.judge()
    stop.set()
    thread.join()


def test_what_was_closed_before_the_judgement_is_no_leak(watch):
    server = listening()
    watch.after("a.py::test_first")
    server.close()
    assert found(watch, "a.py::test_second") == []


def test_a_descriptor_reused_for_something_else_is_no_leak_of_the_first(watch):
    first = listening()
    number = first.fileno()
    watch.after("a.py::test_first")
    first.close()
    second = listening()
    assert second.fileno() == number
    watch.after("a.py::test_second")
    assert watch.judge() == []
    second.close()


def test_each_test_answers_for_its_own(watch):
    with listening():
        watch.after("a.py::test_first")
        with listening():
            watch.after("a.py::test_second")
            leaks_ = watch.judge()
    assert [leak["nodeid"] for leak in leaks_] == ["a.py::test_first", "a.py::test_second"]
    assert watch.judge() == [], "told once"


def test_what_appears_between_tests_is_nobodys(watch):
    with listening():
        watch.settle()
        assert found(watch) == []


def test_temporary_files_of_this_process_only(watch, tmp_path):
    fd, path = tempfile.mkstemp(prefix="abc-", suffix=".txt")
    os.close(fd)
    folder = tempfile.mkdtemp()
    with tempfile.TemporaryDirectory():
        pass
    elsewhere = tmp_path / "below"
    elsewhere.mkdir()
    os.close(tempfile.mkstemp(dir=elsewhere)[0])
    (tmp_path / "tmpabcdefgh").write_text("by another program")
    told = found(watch)
    assert sorted(told) == [("temporary file", path), ("temporary file", folder)]


def test_temporary_names_are_as_ever(watch):
    names = [next(tempfile._get_candidate_names()) for _ in range(100)]
    assert len(set(names)) == 100
    assert all(len(name) == leaks._NAME for name in names)


def test_a_temporary_folder_that_is_gone(watch, monkeypatch, tmp_path):
    os.close(tempfile.mkstemp()[0])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert found(watch) == []


def test_an_executor_waits_for_more_work(watch):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pool.submit(int).result()
        assert found(watch) == []


def test_the_heap_of_shared_values(watch):
    value = multiprocessing.sharedctypes.RawValue("i", 0)
    watch.after("a.py::test")
    del value
    assert [leak["what"] for leak in watch.judge() if "pym-" in leak["what"]] == []


def test_a_thread_that_a_library_keeps(watch):
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="Trio thread 7")
    thread.start()
    assert found(watch) == []
    stop.set()
    thread.join()


def test_devices_and_installed_data(watch):
    with contextlib.ExitStack() as stack:
        for path in ("/dev/urandom", "/dev/null", os.__file__):
            stack.enter_context(Path(path).open("rb"))
        assert found(watch) == []


def test_an_installed_file_open_to_be_written_is_a_leak(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    path = tmp_path / "data"
    with path.open("w") as file:
        assert not descriptors.is_harmless(file.fileno(), str(path))
    with path.open() as file:
        assert descriptors.is_harmless(file.fileno(), str(path))


def test_the_helper_of_multiprocessing(watch):
    tracker = multiprocessing.resource_tracker._resource_tracker
    was_running = tracker._pid is not None
    multiprocessing.resource_tracker.ensure_running()
    try:
        assert found(watch) == []
    finally:
        if not was_running:
            tracker._stop()


def test_the_loop_that_a_plugin_keeps_ready(watch):
    loop = asyncio.new_event_loop()
    other = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        watch.after("a.py::test")
        assert sum(leak["count"] for leak in watch.judge()) == 3, "only the other loop"
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        other.close()


def test_a_test_that_closes_what_we_look_with_blinds_us_and_breaks_nothing(watch):
    for fd in (watch._fds, watch._tasks, watch._children):
        os.close(fd)
    with listening():
        assert found(watch) == []


def test_no_flood(watch, monkeypatch):
    monkeypatch.setattr(leaks, "_SENT_AT_MOST", 3)
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(listening())
        assert [what for _, what in found(watch)][2:] == ["and more that is not listed"]
        stack.enter_context(listening())
        assert found(watch) == []


@pytest.mark.parametrize("wanted", [False, None])
def test_off(wanted):
    before = tempfile._name_sequence
    watch = leaks.watch(wanted)
    with listening():
        watch.settle()
        watch.after("a.py::test")
        assert watch.judge() == []
    assert tempfile._name_sequence is before


def test_where_the_kernel_tells_nothing(monkeypatch):
    def refused(*_):
        raise FileNotFoundError

    monkeypatch.setattr(leaks.os, "open", refused)
    assert type(leaks.watch(True)) is leaks.NoLeaks


def test_kernels_that_do_not_count_descriptors(watch, monkeypatch):
    real = os.fstat

    class Uncounted:
        def __init__(self, status) -> None:
            self.st_size, self.st_nlink = 0, status.st_nlink

    monkeypatch.setattr(leaks.os, "fstat", lambda fd: Uncounted(real(fd)))
    watch.settle()
    with listening() as server:
        assert found(watch) == [
            ("descriptor", f"socket TCP 127.0.0.1:{server.getsockname()[1]} listening")
        ]


def test_descriptors_that_are_closed_by_now(tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    os.close(fd)
    assert descriptors.target(fd) == ""
    assert descriptors.describe(fd, "socket:[1]") == "socket"
    assert descriptors.describe(fd, str(Path("/x"))) == "file /x"
