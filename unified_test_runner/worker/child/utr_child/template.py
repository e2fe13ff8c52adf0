"""The template process: imports pytest once, then forks a worker whenever it is told to.

It runs no code of the project: a conftest imported before the fork would tie every slot to
the environment of whichever came first. Where forking is not safe it imports nothing and
starts each worker as a process of its own. It reaps either kind. When the runner is gone it
kills its workers and ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import warnings
from typing import Any

from . import starting, wire, worker
from .channel import move_high
from .preload import Preload
from .stock import Stock


def serve(control_fd: int, start: str) -> int:
    """Serve the runner's control channel. Returns in a fork too, with its exit status.

    Args:
        control_fd: a stream socket.
        start: how workers are to be started, as in `starting`.
    """
    template = _Template(socket.socket(fileno=control_fd), start)
    template.load()
    job = template.loop()
    if job is None:
        # What modules loaded ahead do at the end of a process is for the workers to do.
        os._exit(0)
    worker.take_over(job)
    return worker.run(job, template.stock)


class _Template:
    def __init__(self, control: socket.socket, wanted: str) -> None:
        self.stock = Stock()
        self._control = control
        self._bell_fd = -1
        self._wanted = wanted
        self._start, self._reason = starting.choose(wanted)
        self._pytest = ""
        self._buffer = b""
        self._descriptors: list[int] = []
        self._children: set[int] = set()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._install_signals()

    def _install_signals(self) -> None:
        # Python only writes to the wakeup descriptor for signals that have a handler.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        # The terminal's Ctrl-C is the runner's to handle. Not SIG_IGN: a process started from
        # here would inherit that.
        signal.signal(signal.SIGINT, lambda *_: None)

    def load(self) -> None:
        """Import what forks need, if there will be any."""
        if self._start == starting.SPAWN:
            self._pytest = starting.pytest_version()
            return
        self._pytest = worker.import_pytest()
        self._start, self._reason = starting.choose(self._wanted)

    def _redirect(self, output_fd: int, *, is_shown: bool) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        if not is_shown:
            os.dup2(output_fd, 1)
            os.dup2(output_fd, 2)
        os.close(output_fd)

    def _prepare(self, order: dict[str, Any]) -> None:
        """Load modules ahead, if it is harmless, and say hello."""
        preload = Preload(
            order["modules"] if self._start == starting.FORK else (),
            chosen=order["chosen"],
            unfit=order["unfit"],
            private=order["private"],
        )
        self.stock = preload.run()
        if preload.refused:
            # What they have changed would be in every fork.
            self._start = starting.SPAWN
            refused = "; ".join(f"{name}: {why}" for name, why in preload.refused.items())
            self._reason = f"what was loaded ahead is not harmless: {refused}"
        self._send(
            wire.TEMPLATE_HELLO,
            version=wire.VERSION,
            pid=os.getpid(),
            python=".".join(map(str, sys.version_info[:3])),
            pytest=self._pytest,
            start=self._start,
            reason=self._reason,
            preloaded=[chunk.root for chunk in preload.chunks],
            refused=preload.refused,
        )

    def loop(self) -> worker.Job | None:
        """Fork and reap until the runner closes the channel; returns a job in a worker."""
        while True:
            waiting: list[Any] = [self._control, self._wake_read]
            readable, _, _ = select.select(waiting, [], [])
            if self._wake_read in readable:
                os.read(self._wake_read, 4096)
                self._reap()
            if self._control in readable:
                if not self._read():
                    self._kill_children()
                    return None
                job = self._obey()
                if job is not None:
                    return job

    def _read(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 1 << 16, 8)
        except ConnectionResetError:
            return False
        self._buffer += data
        self._descriptors += descriptors
        return bool(data)

    def _obey(self) -> worker.Job | None:
        while b"\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\n")
            message: dict[str, Any] = wire.decode(line)
            if message["k"] == wire.PREPARE:
                self._redirect(self._descriptors.pop(0), is_shown=message["is_debugging"])
                self._bell_fd = move_high(self._descriptors.pop(0))
                self._prepare(message)
                continue
            channel_fd, output_fd = self._descriptors[:2]
            del self._descriptors[:2]
            job = worker.Job(message, channel_fd, output_fd, self._bell_fd)
            if self._begin(job):
                return job
        return None

    def _begin(self, job: worker.Job) -> bool:
        """Start a worker; True in a fork, which owns nothing of the template's any more."""
        if self._start == starting.SPAWN or job.spec["is_spawned"]:
            pid = starting.spawn(job)
        else:
            pid = _fork()
        if pid == 0:
            self._forget()
            return True
        self._children.add(pid)
        os.close(job.channel_fd)
        os.close(job.output_fd)
        self._send(wire.FORKED, worker=job.spec["worker"], pid=pid)
        return False

    def _forget(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._control.close()
        for descriptor in self._descriptors:
            os.close(descriptor)

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._children.discard(pid)
            self._send(
                wire.EXITED,
                pid=pid,
                status=os.waitstatus_to_exitcode(status),
                cpu_s=usage.ru_utime + usage.ru_stime,
                peak_rss_bytes=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            )

    def _kill_children(self) -> None:
        for pid in self._children:
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    kill(pid, signal.SIGKILL)

    def _send(self, kind: str, **fields: object) -> None:
        # The runner being gone shows as end of file in the loop.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._control.sendall(wire.encode({"k": kind, **fields}))


def _fork() -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # That threads run is known here: the user has said fork.
        warnings.simplefilter("ignore")
        return os.fork()
