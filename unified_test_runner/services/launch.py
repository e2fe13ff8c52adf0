"""Becomes a server: leaves the session, drops privileges, ties its life to the runner's, execs.

A program of its own, run as `python -I -S launch.py PARENT SIGNAL UID GID PROGRAM ARGUMENTS…`
with `-` for what does not apply. Standard library only, and as little of it as possible. It
exists because a function between fork and exec would run in a process full of threads.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # without the cost of importing typing
    from typing import Any

PR_SET_PDEATHSIG = 1
CANNOT_EXECUTE = 126


def main(argv: list[str]) -> int:
    """Do the above; returns only when the program cannot be executed."""
    parent, death, uid, gid, program = argv[:5]
    os.setsid()
    prctl = _prctl() if sys.platform == "linux" and death != "-" else None
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if prctl is not None:  # a change of user clears it, so it comes after
        prctl(PR_SET_PDEATHSIG, int(death), 0, 0, 0)
        if os.getppid() != int(parent):  # the runner ended before that took effect
            return 1
    # Python ignores SIGPIPE and SIGXFSZ, and an exec hands that on.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.umask(0o077)
    try:
        os.execv(program, argv[4:])  # noqa: S606 - becoming a program is its purpose
    except OSError as error:
        sys.stderr.write(f"cannot execute {program}: {error.strerror}\n")
    return CANNOT_EXECUTE


def _prctl() -> Any:
    import ctypes  # before the drop: the interpreter's folder may be closed to the other user

    return ctypes.CDLL(None).prctl


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
