"""Outlives the runner for a moment: removes what the run held when the runner is killed.

A program of its own, run as `python -I -S watcher.py LEASE` in a session of its own. Its
standard input is a pipe whose other end only the runner holds; end-of-file means that the
runner is gone. A runner that ended in order has removed its lease, and then there is nothing
to do. `Watcher` is the runner's side.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_PATIENCE_S = 5.0


class Watcher:
    """The runner's hold on its watcher: `close` lets it go."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.pid = process.pid
        self._process = process
        self._descriptor = descriptor

    @classmethod
    def start(cls, lease_path: Path, run_id: str) -> Watcher:
        """Start the watcher of the run `run_id`, whose lease lies at `lease_path`.

        Raises:
            OSError: the process cannot be started.
        """
        reading, writing = os.pipe()  # neither end is inherited by what the runner starts
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, str(lease_path), run_id],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            )
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        return cls(process, writing)

    def close(self) -> None:
        """Let it end, after the lease was released; waits a few seconds at most."""
        if self._descriptor < 0:
            return
        os.close(self._descriptor)
        self._descriptor = -1
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main(argv: list[str]) -> int:
    """Wait for the runner's end, then clear its lease; returns the exit status."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    # The folder that holds our package, which may be site-packages: psutil is there as well.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    # Everything is loaded now, not at the end, when the files may be gone.
    from unified_test_runner.services import removal  # noqa: F401
    from unified_test_runner.services.kinds import pgwire, resp  # noqa: F401
    from unified_test_runner.services.lease import take_over
    from unified_test_runner.services.sweep import clear

    lease = Path(argv[0])
    while os.read(0, 4096):
        pass
    deadline = time.monotonic() + _PATIENCE_S
    while lease.exists() and time.monotonic() < deadline:
        # The lock goes with the runner's last thread, which may be a moment after the pipe.
        found = take_over(lease)
        if found is not None:
            clear(found)
            return 0
        time.sleep(0.01)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
