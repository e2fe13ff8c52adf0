"""The template process: imports pytest once, then forks a worker whenever it is told to.

It runs no code of the project: a conftest imported before the fork would tie every slot to
the environment of whichever came first. Single-threaded, so that forking is safe. When the
runner is gone it kills its workers and ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from typing import Any

from . import wire, worker
from .channel import move_high


def serve(control_fd: int, bell_fd: int) -> int:
    """Serve the runner's control channel. Returns in the worker too, with its exit status."""
    template = _Template(socket.socket(fileno=control_fd), move_high(bell_fd))
    worker.import_pytest()
    template.say_hello()
    job = template.loop()
    if job is None:
        return 0
    return worker.run(job)


class _Template:
    def __init__(self, control: socket.socket, bell_fd: int) -> None:
        self._control = control
        self._bell_fd = bell_fd
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
        # The terminal's Ctrl-C is the runner's to handle.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def say_hello(self) -> None:
        import pytest

        self._send(
            wire.TEMPLATE_HELLO,
            version=wire.VERSION,
            pid=os.getpid(),
            python=".".join(map(str, sys.version_info[:3])),
            pytest=pytest.__version__,
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
            channel_fd, output_fd = self._descriptors[:2]
            del self._descriptors[:2]
            job = worker.Job(message, channel_fd, output_fd, self._bell_fd)
            if self._fork(job):
                return job
        return None

    def _fork(self, job: worker.Job) -> bool:
        """Fork; True in the child, which owns nothing of the template's any more."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
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
