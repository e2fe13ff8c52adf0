"""SIGUSR1: what every worker is doing, while the run goes on."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

Make = Callable[..., Any]

PROJECT = {
    "test_a.py": """
        import pathlib, time
        def looked_for():
            while not pathlib.Path("go").exists():
                time.sleep(0.01)
        def test_waits():
            print("now waiting")
            looked_for()
        def test_dies():
            import os
            os.abort()
        """,
}


def test_the_stacks_of_workers_are_shown_and_the_run_goes_on(project: Make):
    made = project(PROJECT)
    process, _ = made.start("-s", "-n", "1")
    assert process.stdout is not None
    shown = ""
    while "now waiting" not in shown:
        shown = process.stdout.readline()
    for _ in range(2):  # once more: the first answer is not repeated
        process.send_signal(signal.SIGUSR1)
        shown = process.stdout.readline()
        assert shown.startswith("worker 0: test_a.py::test_waits, for "), shown
        stack = ""
        while "in test_waits" not in stack:
            stack += process.stdout.readline()
        assert stack.count("in looked_for") == 1
    (made.root / "go").touch()
    rest, _ = process.communicate(timeout=60)
    assert "1 passed, 1 crashed" in rest
    # What is told of the crash is of the crash alone.
    assert "in test_dies" in rest
    assert "in looked_for" not in rest
