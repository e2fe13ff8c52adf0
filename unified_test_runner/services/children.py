"""Starts a program under the run's ownership, waits for it and ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.services.holdings import RUN_VARIABLE, OwnedProcess, new_token
from unified_test_runner.services.processes import start_token
from unified_test_runner.services.removal import remove_segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from unified_test_runner.services.lease import Lease
    from unified_test_runner.services.places import Account

_LAUNCHER = Path(__file__).with_name("launch.py")
_GRACE_S = 1.0
_TAIL_BYTES = 16384
_TAIL_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start.

    `environ` is complete but for the run's id. `log` receives both outputs, appended.
    `stop_signal` asks it to end; it is sent by the kernel too when the runner dies. `data`
    is PostgreSQL's data directory, see `OwnedProcess`.
    """

    arguments: Sequence[str]
    environ: Mapping[str, str] = field(repr=False)
    directory: Path
    log: Path
    stop_signal: signal.Signals = signal.SIGKILL
    stdin: bytes | None = field(default=None, repr=False)
    account: Account | None = None
    data: str = ""


class Child:
    """A started program. The thread that made it must live as long as the program.

    That is because the kernel ends the program together with the thread that started it.

    Raises:
        OSError: it cannot be started, or its log cannot be written.
    """

    def __init__(self, program: Program, lease: Lease) -> None:
        self._program = program
        self._lease = lease
        self._log_start = _size(program.log)
        self._killer: threading.Timer | None = None
        intent = OwnedProcess(id=new_token(), signal=program.stop_signal, data=program.data)
        lease.record(intent)
        try:
            self._process = _spawn(program, lease.run_id)
        except BaseException:
            lease.forget(intent)
            raise
        self.pid = self._process.pid
        self._holding = OwnedProcess(
            id=intent.id,
            pid=self.pid,
            started=start_token(self.pid),
            signal=program.stop_signal,
            data=program.data,
        )
        lease.record(self._holding)

    @property
    def ending(self) -> str | None:
        """How it ended, in words, or None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        if code < 0:
            return f"was ended by {_signal_name(-code)}"
        return f"ended with exit status {code}"

    @property
    def exit_status(self) -> int | None:
        """Its exit status, the negated signal number, or None while it lives."""
        return self._process.poll()

    def wait(self) -> str:
        """Wait until it has ended; returns how."""
        self._process.wait()
        return self.ending or ""

    def ask_to_end(self) -> None:
        """Send the stop signal now and KILL in a second; returns at once. From any thread."""
        if self._killer is not None or self._process.returncode is not None:
            return
        self._killer = threading.Timer(_GRACE_S, self._kill)
        self._killer.daemon = True
        self._killer.start()
        with contextlib.suppress(OSError):
            self._process.send_signal(self._program.stop_signal)

    def finish(self) -> None:
        """End it within about a second, with all it started, and forget it."""
        self.ask_to_end()
        self._process.wait()
        if self._killer is not None:
            self._killer.cancel()
        self._kill()
        if self._program.data:
            remove_segment(self._holding)
        self._lease.forget(self._holding)

    def _kill(self) -> None:
        # The whole group: its leader may be gone, and a server's own children still be there.
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)

    def log_tail(self) -> tuple[str, ...]:
        """Return the last lines it wrote, oldest first."""
        return tail(self._program.log, self._log_start)


def tail(log: Path, start: int = 0) -> tuple[str, ...]:
    """Return the last lines of `log` after byte `start`, oldest first."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(start, _size(log) - _TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ()
    return tuple(line.rstrip() for line in text.splitlines()[-_TAIL_LINES:])


def _spawn(program: Program, run_id: str) -> subprocess.Popen[bytes]:
    account = program.account
    head = [
        sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()),
        str(int(program.stop_signal)),
        str(account.uid) if account else "-",
        str(account.gid) if account else "-",
    ]  # fmt: skip
    with program.log.open("ab") as log:
        process = subprocess.Popen(
            [*head, *program.arguments],
            stdin=subprocess.DEVNULL if program.stdin is None else subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=program.directory,
            env={**program.environ, RUN_VARIABLE: run_id},
        )
    if process.stdin is not None:
        # Far below a pipe's capacity, so this cannot block; a child that died is seen later.
        with contextlib.suppress(BrokenPipeError), process.stdin as stream:
            stream.write(program.stdin or b"")
    return process


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
