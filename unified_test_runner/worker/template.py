"""The parent's side of a template process: has it start workers, hears of deaths."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.worker.child.utr_child import wire
from unified_test_runner.worker.incoming import Incoming
from unified_test_runner.worker.process import STACK_SIGNAL, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from unified_test_runner.worker.launch import Launched
    from unified_test_runner.worker.protocol import Received

#: What was killed should be gone by then.
_KILLED_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkRequest:
    """A worker to be. `environ` is its whole environment; `basetemp` its own temporary root.

    `looks_for_leaks`: it says what its tests leave behind.
    `coverage` takes its coverage data; `sources` is what to measure, None for nothing. `workers`
    is how many the run has; `seed` is for plugins that need one, the same in all of them.
    `collect` is `lazy`, `whole` or `auto`; `choice` says which tests are wanted where files are
    not handed out one by one: `paths` (None: all), `filtered` ones with `patterns`, `ids` of each.
    `is_spawned` wants a process of its own even from a template that forks; `tells_modules`
    wants to hear what it has loaded by the end of its walk.
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
    looks_for_leaks: bool = False
    coverage: Path
    sources: tuple[str, ...] | None = None
    workers: int = 1
    seed: int = 0
    is_spawned: bool = False
    tells_modules: bool = False
    is_debugging: bool = False
    collect: str = "lazy"
    choice: Mapping[str, object] = field(default_factory=dict)


class Template:
    """A running template process, put to use for a group.

    Args:
        group: index of the group.
        launched: the process.
        output: file that takes what it prints from now on.
        bell_rope: descriptor by which its workers wake the runner.
    """

    def __init__(self, *, group: int, launched: Launched, output: Path, bell_rope: int) -> None:
        self.group = group
        self._output = output
        self._first_output = launched.output
        self._control = launched.control
        self._process = launched.process
        self._incoming = Incoming(self._control, f"template of group {group}")
        self._bell_rope = bell_rope
        self._is_debugging = launched.is_debugging

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def fileno(self) -> int:
        """The control channel, for selectors."""
        return self._control.fileno()

    def prepare(
        self,
        modules: Iterable[str] = (),
        *,
        chosen: Iterable[str] = (),
        unfit: Iterable[str] = (),
        private: Iterable[str] = (),
    ) -> None:
        """Let it import modules ahead of its workers; it says hello once this is done.

        Args:
            modules: names, in the order of their loading.
            chosen: packages to be imported, or `*` for all of them.
            unfit: packages that must not be.
            private: variables that differ between workers, which no import may read.
        """
        message: dict[str, object] = {
            "k": wire.PREPARE,
            "modules": list(modules),
            "chosen": list(chosen),
            "unfit": list(unfit),
            "private": sorted(private),
            "is_debugging": self._is_debugging,
        }
        output = _open_output(self._output)
        try:
            self._send(message, [output, self._bell_rope])
        finally:
            os.close(output)

    def said(self) -> str:
        """What it has printed; to be asked once it is gone."""
        self._keep_first_output()
        return self._output.read_text("utf-8", "replace")

    def _keep_first_output(self) -> None:
        """Put what it printed before it had a file of its own where the rest is."""
        if self._first_output.closed:
            return
        with self._first_output as file:
            file.seek(0)
            first = file.read()
        if first:
            later = self._output.read_bytes() if self._output.exists() else b""
            self._output.write_bytes(first + later)

    def _send(self, message: dict[str, object], descriptors: list[int]) -> None:
        line = wire.encode(message)
        # Its death is heard as the end of the control channel.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sent = socket.send_fds(self._control, [line], descriptors)
            self._control.sendall(line[sent:])

    def fork(self, request: ForkRequest) -> WorkerProcess:
        """Ask for a worker; its pid arrives as a `Forked` message.

        Where the template is gone the worker's channel is at its end from the start.
        """
        ours, theirs = socket.socketpair()
        output = _open_output(request.output)
        spec: dict[str, object] = {
            "k": wire.FORK,
            "worker": request.worker,
            "arguments": list(request.arguments),
            "environ": dict(request.environ),
            "root": str(request.root),
            "basetemp": str(request.basetemp),
            "output": str(request.output),
            "is_debugging": request.is_debugging,
            "stacks": str(request.stacks),
            "collect": request.collect,
            "choice": dict(request.choice),
            "stack_signal": int(STACK_SIGNAL),
            "is_spawned": request.is_spawned,
            "tells_modules": request.tells_modules,
            "leaks": request.looks_for_leaks,
            "slot": request.slot,
            "workers": request.workers,
            "seed": request.seed,
            "coverage": {
                "folder": str(request.coverage),
                "sources": None if request.sources is None else list(request.sources),
            },
        }
        try:
            self._send(spec, [theirs.fileno(), output])
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
        try:
            if timeout_s <= 0:
                self._process.kill()
            return self._process.wait(max(timeout_s, _KILLED_S))
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._keep_first_output()


def _open_output(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
