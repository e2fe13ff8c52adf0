"""The parent's side of a template process: starts it, has it fork workers, hears of deaths."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.worker.child.utr_child import wire
from unified_test_runner.worker.incoming import Incoming
from unified_test_runner.worker.process import STACK_SIGNAL, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unified_test_runner.worker.protocol import Received

_MAIN = Path(__file__).parent / "child" / "main.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkRequest:
    """A worker to be. `environ` is its whole environment; `basetemp` its own temporary root.

    `coverage` takes its coverage data; `sources` is what to measure, None for nothing. `workers`
    is how many the run has; `seed` is for plugins that need one, the same in all of them.
    `collect` is `lazy`, `whole` or `auto`; `choice` says which tests are wanted where files are
    not handed out one by one: `paths` (None: all), `filtered` ones with `patterns`, `ids` of each.
    """

    worker: int
    slot: int
    group: int
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    root: Path
    basetemp: Path
    output: Path
    stacks: Path
    coverage: Path
    sources: tuple[str, ...] | None = None
    workers: int = 1
    seed: int = 0
    collect: str = "lazy"
    choice: Mapping[str, object] = field(default_factory=dict)


class Template:
    """A running template process.

    Args:
        interpreter: the Python that has the project's dependencies.
        environ: its environment; workers get theirs with each fork.
        root: project root, its working directory.
        output: file that takes what it prints.
        bell_rope: descriptor by which its workers wake the runner.
    """

    def __init__(  # noqa: PLR0913 - a process is made of many things
        self,
        *,
        group: int,
        interpreter: str,
        environ: Mapping[str, str],
        root: Path,
        output: Path,
        bell_rope: int,
    ) -> None:
        self.group = group
        self.output = output
        self._control, theirs = socket.socketpair()
        self._incoming = Incoming(self._control, f"template of group {group}")
        with theirs, output.open("ab") as log:
            self._process = subprocess.Popen(
                [interpreter, str(_MAIN), str(theirs.fileno()), str(bell_rope)],
                cwd=root,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno(), bell_rope],
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def fileno(self) -> int:
        """The control channel, for selectors."""
        return self._control.fileno()

    def fork(self, request: ForkRequest) -> WorkerProcess:
        """Ask for a worker; its pid arrives as a `Forked` message.

        Where the template is gone the worker's channel is at its end from the start.
        """
        ours, theirs = socket.socketpair()
        output = os.open(
            request.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        spec: dict[str, object] = {
            "k": wire.FORK,
            "worker": request.worker,
            "arguments": list(request.arguments),
            "environ": dict(request.environ),
            "root": str(request.root),
            "basetemp": str(request.basetemp),
            "stacks": str(request.stacks),
            "collect": request.collect,
            "choice": dict(request.choice),
            "stack_signal": int(STACK_SIGNAL),
            "slot": request.slot,
            "workers": request.workers,
            "seed": request.seed,
            "coverage": {
                "folder": str(request.coverage),
                "sources": None if request.sources is None else list(request.sources),
            },
        }
        try:
            line = wire.encode(spec)
            # Its death is heard as the end of the control channel.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sent = socket.send_fds(self._control, [line], [theirs.fileno(), output])
                self._control.sendall(line[sent:])
        finally:
            theirs.close()
            os.close(output)
        return WorkerProcess(
            worker=request.worker, slot=request.slot, group=request.group, channel=ours
        )

    def receive(self) -> list[Received] | None:
        """Return what has arrived, without waiting; None when the template is gone."""
        return self._incoming.receive()

    def close(self, timeout_s: float) -> int:
        """Close the channel, which ends it and any worker left; returns its exit status.

        After `timeout_s` seconds it is killed: at once where it has no worker to end first.
        """
        self._control.close()
        if timeout_s <= 0:
            self._process.kill()
            return self._process.wait()
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
