"""What an open descriptor stands for, and which ones nobody need close."""

from __future__ import annotations

import _socket
import contextlib
import re
import stat
import sys
from typing import Any

from .originals import os

#: Libraries keep these open for the life of the process, and nothing hangs on them.
_HARMLESS = frozenset({"/dev/null", "/dev/random", "/dev/urandom"})
#: multiprocessing keeps the memory of its shared values for the next ones.
_SHARED_HEAP = re.compile(r".*/pym-[^/]+ \(deleted\)")
_PROTOCOLS = {_socket.SOCK_STREAM: "TCP", _socket.SOCK_DGRAM: "UDP"}
_INTERNET = (_socket.AF_INET, _socket.AF_INET6)


def target(fd: int) -> str:
    """Return what the system calls the thing behind a descriptor; empty for a closed one."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


def is_harmless(fd: int, name: str) -> bool:
    """Whether a descriptor that a test left open is no leak.

    Beside devices: data files that an installed package keeps open for reading, the pipes of
    multiprocessing's helpers, and the event loop that plugins keep ready between tests.
    """
    is_kept = name in _HARMLESS or _SHARED_HEAP.match(name) is not None
    return is_kept or fd in _kept_by_library() or _is_installed_data(fd, name)


def describe(fd: int, name: str) -> str:
    """Return a descriptor for people: `socket TCP 127.0.0.1:43210 listening`, `file /tmp/x`."""
    if name.startswith("socket:"):
        return _socket_text(fd)
    if name.startswith("pipe:"):
        return "pipe"
    if name.startswith("anon_inode:"):
        kind = name.partition(":")[2].strip("[]")
        return "epoll" if kind == "eventpoll" else kind
    return f"{_kind(fd)} {name}"


def _kind(fd: int) -> str:
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "file"


def _socket_text(fd: int) -> str:
    try:
        found = _socket.socket(fileno=fd)
    except OSError:
        return "socket"
    try:
        return _addresses(found)
    except (OSError, ValueError):
        return "socket"
    finally:
        found.detach()  # it is the test's, whatever became of it


def _addresses(found: Any) -> str:
    words = ["socket", _protocol(found)]
    with contextlib.suppress(OSError):
        words.append(_address(found.getsockname()))
    peer = ""
    with contextlib.suppress(OSError):
        peer = _address(found.getpeername())
    if peer:
        words += ["to", peer]
    elif found.getsockopt(_socket.SOL_SOCKET, getattr(_socket, "SO_ACCEPTCONN", 30)):
        words.append("listening")
    return " ".join(word for word in words if word)


def _protocol(found: Any) -> str:
    if found.family in _INTERNET:
        return _PROTOCOLS.get(found.type, "raw")
    return "UNIX" if found.family == _socket.AF_UNIX else f"of family {int(found.family)}"


def _address(found: Any) -> str:
    if isinstance(found, bytes):  # an abstract name begins with a zero byte
        return found.decode("utf-8", "replace").replace("\0", "@")
    if isinstance(found, tuple):
        host, port = found[:2]
        shown = f"[{host}]" if ":" in str(host) else host
        return f"{shown}:{port}" if port else ""
    return str(found)


def _is_installed_data(fd: int, name: str) -> bool:
    """Whether it is a file of the interpreter or of an installed package, open to be read."""
    roots = (sys.prefix + "/", sys.base_prefix + "/")
    if not name.startswith(roots):
        return False
    import fcntl

    with contextlib.suppress(OSError):
        return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    return False


def _kept_by_library() -> set[object]:
    """Descriptors that the standard library keeps by itself until the process ends."""
    tracker = _found("multiprocessing.resource_tracker", "_resource_tracker")
    server = _found("multiprocessing.forkserver", "_forkserver")
    kept = {getattr(tracker, "_fd", None)}
    kept |= {getattr(server, name, None) for name in ("_forkserver_fd", "_forkserver_alive_fd")}
    loop = getattr(getattr(_loop_policy(), "_local", None), "_loop", None)
    for name in ("_selector", "_ssock", "_csock"):
        with contextlib.suppress(Exception):
            kept.add(getattr(loop, name).fileno())
    return kept


def _loop_policy() -> Any:
    # Asking asyncio for it would make one, and warn on newer Pythons.
    return _found("asyncio.events", "_event_loop_policy")


def helper_pids() -> set[object]:
    """Processes that multiprocessing starts once and ends with the interpreter."""
    tracker = _found("multiprocessing.resource_tracker", "_resource_tracker")
    server = _found("multiprocessing.forkserver", "_forkserver")
    return {getattr(tracker, "_pid", None), getattr(server, "_forkserver_pid", None)}


def _found(module: str, name: str) -> Any:
    return getattr(sys.modules.get(module), name, None)
