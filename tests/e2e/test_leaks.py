"""What tests leave behind: named, charged to the right test, and a reason to fail if asked."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.e2e.conftest import Project, Result

    Make = Callable[[Mapping[str, str]], Project]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

LEAVING = """
    import _thread, asyncio, concurrent.futures, os, socket, subprocess, tempfile, threading

    kept = []

    def test_clean(tmp_path):
        with tempfile.TemporaryDirectory(), socket.create_server(("127.0.0.1", 0)):
            subprocess.run(["true"], check=True)
        (tmp_path / "x").write_text("x")
        asyncio.run(asyncio.to_thread(int))

    def test_thread():
        threading.Thread(target=threading.Event().wait, name="waits", daemon=True).start()

    def test_native_thread():
        lock = threading.Lock()
        lock.acquire()
        kept.append(lock)
        _thread.start_new_thread(lock.acquire, ())

    def test_socket():
        kept.append(socket.create_server(("127.0.0.1", 0)))

    def test_file(tmp_path):
        kept.append((tmp_path / "x").open("w"))

    def test_temporary():
        os.close(tempfile.mkstemp(prefix="left-", suffix=".txt")[0])

    def test_process():
        kept.append(subprocess.Popen(["sleep", "600"]))

    def test_process_that_moved_away():
        subprocess.run(["sh", "-c", "setsid sleep 601 & exit 0"], check=True)

    def test_executor():
        kept.append(concurrent.futures.ThreadPoolExecutor(1))
        kept[-1].submit(int).result()
"""

HELD = """
    import socket, subprocess, tempfile, threading
    import pytest

    class Pool:
        def __init__(self):
            self.sockets = []

        def connect(self):
            self.sockets.append(socket.create_server(("127.0.0.1", 0)))

    @pytest.fixture(scope="session")
    def pool():
        made = Pool()
        with tempfile.TemporaryDirectory():
            yield made
        for each in made.sockets:
            each.close()

    @pytest.fixture(scope="module")
    def server():
        process = subprocess.Popen(["sleep", "600"])
        yield
        process.kill()
        process.wait()

    @pytest.fixture(scope="class")
    def ticker():
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        yield
        stop.set()
        thread.join()
"""

USING = """
    import socket

    class TestUsing:
        def test_first(self, pool, server, ticker):
            pool.connect()

        def test_second(self, pool, server, ticker):
            pool.connect()

    def test_third(server):
        pass
"""


def left(result: Result) -> dict[str, list[tuple[str, str]]]:
    """Name of a test → what it left, of which kind and in words."""
    return {
        test["nodeid"].rpartition("::")[2]: [
            (leak["resource"], leak["what"]) for leak in test["leaks"]
        ]
        for test in result.json["tests"]
        if "leaks" in test
    }


def test_each_leftover_is_charged_to_its_test(project: Make) -> None:
    result = project({"tests/test_a.py": LEAVING}).run("-n", "1")
    assert result.exit_code == 0, result
    found = left(result)
    assert set(found) == {
        "test_thread",
        "test_native_thread",
        "test_socket",
        "test_file",
        "test_temporary",
        "test_process",
        "test_process_that_moved_away",
    }, result
    assert found["test_thread"] == [("thread", "waits, daemon")]
    ((kind, _),) = found["test_native_thread"]
    assert kind == "native thread"
    ((_, socket),) = found["test_socket"]
    assert socket.startswith("socket TCP 127.0.0.1:")
    assert socket.endswith(" listening")
    ((_, file),) = found["test_file"]
    assert file.startswith("file /")
    ((kind, path),) = found["test_temporary"]
    assert kind == "temporary file"
    assert "/left-" in path
    assert found["test_process"] == [("process", "sleep 600")]
    assert found["test_process_that_moved_away"] == [("process", "sleep 601")]
    assert "left behind: 7 by 7 tests" in result.stdout
    assert "started by tests/test_a.py::test_process_that_moved_away" in result.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_longer_lived_fixtures_hold_is_no_leak(project: Make, workers: str) -> None:
    files = {f"tests/test_{n}.py": USING for n in range(3)}
    result = project({**files, "tests/conftest.py": HELD}).run("-n", workers, "--leaks", "fail")
    assert result.exit_code == 0, result
    assert not result.of_kind("leak_found")


def test_a_leak_beside_a_fixture_of_the_session_is_told_at_its_end(project: Make) -> None:
    leaking = "\n    kept = []\n    def test_leaks(pool): kept.append(socket.socket())\n"
    made = project({"tests/conftest.py": HELD, "tests/test_0.py": USING + leaking})
    result = made.run("-n", "1", "--leaks", "fail")
    assert left(result) == {"test_leaks": [("descriptor", "socket TCP")]}, result
    assert result.exit_code == 13


@pytest.mark.parametrize(
    ("defaults", "suite", "argv", "exit_code", "is_told"),
    [
        ("", "", (), 0, True),
        ("", "leaks: fail, ", (), 13, True),
        ("defaults: {leaks: fail}", "", (), 13, True),
        ("defaults: {leaks: fail}", "leaks: report, ", (), 0, True),
        ("defaults: {leaks: fail}", "leaks: off, ", (), 0, False),
        ("", "leaks: off, ", ("--leaks", "fail"), 13, True),
        ("", "leaks: fail, ", ("--leaks", "off"), 0, False),
    ],
)
def test_what_leaks_come_to(  # noqa: PLR0913, PLR0917
    project: Make, defaults: str, suite: str, argv: Any, exit_code: int, is_told: bool
) -> None:
    text = "kept = []\ndef test_a():\n    import os\n    kept.append(os.pipe())\n"
    made = project({"tests/test_a.py": text})
    suites = f"suites: {{s: {{{suite}paths: [tests]}}}}"
    made.write({"config/catalogue.yaml": f"version: 1\n{defaults}\n{suites}\n"})
    result = made.run("-n", "1", *argv)
    assert result.exit_code == exit_code, result
    assert result.outcomes == {"tests/test_a.py::test_a": "passed"}
    assert bool(left(result)) is is_told
    assert ("left behind" in result.stdout) is is_told
    if exit_code:
        assert "exit 13: 1 test left something behind (2 descriptor)" in result.stdout


def test_files_that_others_make_beside_it_are_not_charged(project: Make) -> None:
    """Two workers leave files in one folder; a program that is none of theirs does so as well."""
    text = """
    import os, subprocess, sys, tempfile
    import pytest

    @pytest.mark.parametrize("n", range(20))
    def test_leaves(n):
        os.close(tempfile.mkstemp()[0])

    @pytest.mark.parametrize("n", range(20))
    def test_clean(n):
        with tempfile.NamedTemporaryFile():
            open(os.path.join(tempfile.gettempdir(), f"other-{os.getpid()}-{n}"), "w").close()
    """
    made = project({"tests/test_a.py": text, "tests/test_b.py": text})
    folder = made.root.parent / "temporary"
    folder.mkdir()
    result = made.run("-n", "2", TMPDIR=str(folder))
    counted = Counter(event["nodeid"] for event in result.of_kind("leak_found"))
    assert set(counted.values()) == {1}
    assert len(counted) == 40
    assert all("::test_leaves[" in nodeid for nodeid in counted)
    assert {event["what"] for event in result.of_kind("leak_found")} <= {
        str(path) for path in folder.iterdir()
    }
