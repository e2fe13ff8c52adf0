"""Starts template processes. Imports little, so that one can start before all else is loaded."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAIN = Path(__file__).parent / "child" / "main.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A template process that nothing was said to yet.

    `output` takes what it prints until it is given a file of its own. `is_debugging`: it
    shares our terminal.
    """

    process: subprocess.Popen[bytes]
    control: socket.socket
    output: IO[bytes]
    is_debugging: bool = False

    def abandon(self) -> None:
        """End it at once; it has no workers yet."""
        self.control.close()
        self.process.kill()
        self.process.wait()
        self.output.close()


def launch(
    interpreter: str,
    environ: Mapping[str, str],
    root: Path,
    start: str,
    *,
    is_debugging: bool = False,
) -> Launched:
    """Start a template process.

    Args:
        interpreter: the Python that has the project's dependencies.
        environ: its environment; workers get theirs when they start.
        root: project root, its working directory.
        start: how workers are to be started: `fork`, `spawn`, or `auto`.
        is_debugging: it shares our terminal, and so do its workers.

    Raises:
        OSError: the interpreter cannot be run.
    """
    ours, theirs = socket.socketpair()
    output = tempfile.TemporaryFile()  # noqa: SIM115 - goes with the process
    with theirs:
        process = subprocess.Popen(
            [interpreter, str(_MAIN), "template", str(theirs.fileno()), start],
            cwd=root,
            env=dict(environ),
            stdin=None if is_debugging else subprocess.DEVNULL,
            stdout=None if is_debugging else output,
            stderr=None if is_debugging else output,
            pass_fds=[theirs.fileno()],
            start_new_session=not is_debugging,
        )
    return Launched(process=process, control=ours, output=output, is_debugging=is_debugging)
