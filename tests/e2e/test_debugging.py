"""`--pdb` on a terminal, and breakpoints without one."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Make = Callable[..., Any]
PROMPT = "(Pdb) "
#: Makes its standard input the controlling terminal, then becomes the command.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)

PROJECT = {
    "test_a.py": """
        import pytest
        def test_good(): pass
        def test_bad():
            value = 41
            assert value == 42
        def test_later(): pass
        """,
}


class Terminal:
    """A pseudo-terminal on which the command line runs, and what a person sees and types."""

    def __init__(self, made: Any, *argv: str) -> None:
        self._ours, theirs = pty.openpty()
        command, _, _ = made.command(*argv)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *command],
            cwd=made.root,
            env={**made.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1", "NO_COLOR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.text = ""
        self._seen = 0

    def waits_for(self, expected: str) -> None:
        deadline = time.monotonic() + 60
        while expected not in self.text[self._seen :]:
            assert time.monotonic() < deadline, f"{expected!r} did not come:\n{self.text}"
            assert self._read(), f"ended before {expected!r}:\n{self.text}"
        self._seen = self.text.index(expected, self._seen) + len(expected)

    def types(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def ends(self) -> int:
        while self._read():
            pass
        return self._process.wait(60)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], 60)
        assert ready, f"nothing more came:\n{self.text}"
        try:
            data = os.read(self._ours, 4096)
        except OSError:  # its other end is closed
            return False
        self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def start(project: Any, *argv: str) -> Terminal:
        made.append(Terminal(project, *argv))
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.mark.parametrize("argv", [["--pdb"], ["--", "--pdb"], ["--pdb", "--timeout", "1s"]])
def test_a_failing_test_opens_the_debugger_and_the_run_goes_on(
    project: Make, terminal: Callable[..., Terminal], argv: list[str]
):
    screen = terminal(project(PROJECT), *argv)
    screen.waits_for("entering PDB")
    screen.waits_for(PROMPT)
    screen.types("p value + 1000\n")
    screen.waits_for("1041")
    screen.waits_for(PROMPT)
    if "--timeout" in argv:
        # The debugger's own process sleeps: longer than the limit, and nobody ends it.
        screen.types("import time; time.sleep(2); p 'awake'\n")
        screen.waits_for("'awake'\n")
        screen.waits_for(PROMPT)
    screen.types("c\n")
    screen.waits_for("2 passed, 1 failed")
    assert screen.ends() == 1


def test_leaving_the_debugger_ends_the_run(project: Make, terminal: Callable[..., Terminal]):
    screen = terminal(project(PROJECT), "--pdb", "-n", "2")
    screen.waits_for("1 worker instead of 2: a debugger has the terminal")
    screen.waits_for(PROMPT)
    screen.types("q\n")
    screen.waits_for("1 passed, 1 failed, 1 not run")
    assert screen.ends() == 1


def test_an_interrupt_at_the_prompt_is_the_debuggers(
    project: Make, terminal: Callable[..., Terminal]
):
    screen = terminal(project(PROJECT), "--pdb")
    screen.waits_for(PROMPT)
    screen.types("\x03")
    screen.waits_for("KeyboardInterrupt")
    screen.waits_for(PROMPT)
    screen.types("p value\n")
    screen.waits_for("41")
    screen.waits_for(PROMPT)
    screen.types("c\n")
    assert screen.ends() == 1
    assert "2 passed, 1 failed" in screen.text
    assert "interrupted" not in screen.text


def test_an_interrupt_of_a_running_test_ends_the_run(
    project: Make, terminal: Callable[..., Terminal]
):
    made = project(
        {
            "test_w.py": """
                import time
                def test_waits():
                    print("waiting")
                    time.sleep(600)
                def test_later(): pass
                """,
        }
    )
    screen = terminal(made, "--pdb", "-s")
    screen.waits_for("\nwaiting")
    screen.types("\x03")
    # As under plain pytest it is a failure to look into.
    screen.waits_for(PROMPT)
    screen.types("q\n")
    screen.waits_for("1 failed, 1 not run")
    assert screen.ends() == 1


def test_an_interrupt_outside_of_tests_interrupts_the_run(
    project: Make, terminal: Callable[..., Terminal]
):
    made = project({"test_i.py": "import time\nprint('importing')\ntime.sleep(600)\n"})
    screen = terminal(made, "--pdb", "-s")
    screen.waits_for("\nimporting")
    screen.types("\x03")
    screen.waits_for("interrupted by SIGINT")
    assert screen.ends() == 2


def test_a_test_can_be_followed_from_its_start(project: Make, terminal: Callable[..., Terminal]):
    screen = terminal(project(PROJECT), "--trace", "test_a.py::test_good")
    screen.waits_for("test_good()")
    screen.waits_for(PROMPT)
    screen.types("c\n")
    screen.waits_for("1 passed")
    assert screen.ends() == 0


def test_a_breakpoint_stops_under_the_debugger(project: Make, terminal: Callable[..., Terminal]):
    made = project(
        {
            "test_b.py": """
                def test_breaks():
                    value = 7 * 6
                    breakpoint()
                    assert value == 43
                """,
        }
    )
    screen = terminal(made, "--pdb")
    screen.waits_for(PROMPT)
    screen.types("p value\n")
    screen.waits_for("42")
    screen.waits_for(PROMPT)
    screen.types("value = 43\n")
    screen.waits_for(PROMPT)
    screen.types("c\n")
    screen.waits_for("1 passed")
    assert screen.ends() == 0


def test_without_a_terminal_the_debugger_reads_standard_input_and_says_so(project: Make):
    result = project(PROJECT).run("--pdb")
    assert "standard input is no terminal" in result.stdout
    assert result.outcomes["test_a.py::test_bad"] == "failed"
    # Its end is the end of the debugger.
    assert result.outcomes["test_a.py::test_later"] == "not_run"
    assert result.exit_code == 1


BREAKPOINTS = {
    "sub/test_b.py": """
        import pdb, sys
        import pytest
        def test_breaks(): breakpoint()
        def test_pdb(): pdb.set_trace()
        def test_pytest(): pytest.set_trace()
        @pytest.mark.parametrize("value", ["a b"])
        def test_swallows(value):
            try:
                breakpoint()
            except Exception:
                pass
        def test_hook(monkeypatch):
            met = []
            monkeypatch.setattr(sys, "breakpointhook", lambda: met.append(1))
            breakpoint()
            assert met
        def test_variable(monkeypatch):
            monkeypatch.setenv("PYTHONBREAKPOINT", "0")
            breakpoint()
        def test_replaced(monkeypatch):
            met = []
            monkeypatch.setattr(pdb, "set_trace", lambda *args, **kwargs: met.append(1))
            breakpoint()
            assert met
        def test_asks(): input()
        """,
}


def test_a_breakpoint_without_the_debugger_fails_and_says_how(project: Make):
    result = project(BREAKPOINTS).run("-n", "1")
    told = {test["nodeid"]: test["message"] for test in result.json["tests"]}
    for name, quoted in (
        ("test_breaks", "sub/test_b.py::test_breaks"),
        ("test_pdb", "sub/test_b.py::test_pdb"),
        ("test_pytest", "sub/test_b.py::test_pytest"),
        ("test_swallows[a b]", "'sub/test_b.py::test_swallows[a b]'"),
    ):
        assert f"unified-test-runner --pdb {quoted}" in told[f"sub/test_b.py::{name}"], result
    for name in ("test_hook", "test_variable", "test_replaced"):
        assert result.outcomes[f"sub/test_b.py::{name}"] == "passed"
    # pytest's own answer.
    assert "reading from stdin while output is captured" in told["sub/test_b.py::test_asks"]


def test_a_breakpoint_of_a_session_within_a_test_keeps_its_debugger(project: Make):
    made = project(
        {
            "conftest.py": "pytest_plugins = ['pytester']\n",
            "test_inner.py": """
                class Recorded:
                    calls = []
                    def __init__(self, *args, **kwargs): pass
                    def set_trace(self, frame): self.calls.append("stopped")
                def test_inner(pytester, monkeypatch):
                    import _pytest.debugging
                    monkeypatch.setattr(
                        _pytest.debugging.pytestPDB, "_import_pdb_cls",
                        classmethod(lambda cls, capman: Recorded),
                    )
                    pytester.makepyfile(test_within="def test_x(): breakpoint()")
                    pytester.runpytest_inprocess("-p", "no:cacheprovider")
                    assert Recorded.calls == ["stopped"]
                """,
        }
    )
    result = made.run()
    assert result.counts == {"passed": 1}, result


def test_a_breakpoint_at_import_time_is_an_error_of_its_file(project: Make):
    made = project({"test_i.py": "breakpoint()\ndef test_x(): pass\n"})
    result = made.run()
    assert "unified-test-runner --pdb test_i.py" in result.stdout
    assert result.exit_code == 1
