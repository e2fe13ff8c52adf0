"""Guards around every test: it leaves the process as it found it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the expected outputs in tests/golden"
    )
    parser.addoption(
        "--project-python",
        default="",
        metavar="PATH",
        help="the interpreter of the sample projects of tests/e2e",
    )


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def _children() -> set[psutil.Process]:
    try:
        # One system call where there is no child, as nearly always.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()
    return set(psutil.Process().children())


@pytest.fixture(autouse=True)
def unchanged_environment() -> Iterator[None]:
    before = _environ()
    yield
    after = _environ()
    changed = {name for name in before.keys() | after if before.get(name) != after.get(name)}
    assert not changed, f"the test left the environment changed: {sorted(changed)}"


@pytest.fixture(autouse=True)
def unchanged_working_directory() -> Iterator[None]:
    before = Path.cwd()
    yield
    assert Path.cwd() == before, "the test left another working directory"


@pytest.fixture(autouse=True)
def no_child_left_behind() -> Iterator[None]:
    before = _children()
    yield
    left = _children() - before
    assert not left, f"the test left child processes: {left}"


@pytest.fixture
def signals_as_by_default() -> Iterator[None]:
    """Undo for a test what `nohup` and the like make processes inherit: ignored signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
