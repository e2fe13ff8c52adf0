"""What tests leave behind: threads, processes, descriptors and temporary files.

After each test three numbers are compared, which costs microseconds; only where one of them
changed is anything looked at. What is new then belongs to that test, but is judged later, at
the end of the file, or, while a fixture of the session or of a package is alive, after that:
the fixture may hold it, or something that it gave the test.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from typing import Any, NamedTuple

from . import descriptors
from .channel import move_high
from .originals import os, time

#: What is about to end by itself may take so long, and all of that in a session together.
_GRACE_S = 0.05
_PATIENCE_S = 1.0
_SENT_AT_MOST = 300
_CHILDREN_BYTES = 4096
_NAME = 8
#: Removed by multiprocessing at the end of the interpreter.
_REMOVED_LATER = ("pymp-",)
#: Threads that a library keeps for the next caller, and ends some time later.
_KEPT_THREADS = ("Trio thread ",)

_enumerate = threading.enumerate


class _Thing(NamedTuple):
    """Something new after a test: `mark` tells it from another one of the same number."""

    nodeid: str
    resource: str
    number: int
    mark: str


class Names(getattr(tempfile, "_RandomNameSequence", object)):  # type: ignore[misc]
    """The names that `tempfile` gives, as ever, and which they were.

    So files are known as this process's own, whatever others put into the same folder, and
    tests see the folder that they would see without us.
    """

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []

    def __next__(self) -> str:
        """Return the next name."""
        name: str = super().__next__()
        self.made.append(name)
        return name


class NoLeaks:
    """Looks for nothing: not asked for, or not possible on this platform."""

    def settle(self) -> None:
        """Whatever is there now was not made by the next test."""

    def after(self, nodeid: str) -> None:
        """A test and its teardown are over."""

    def judge(self) -> list[dict[str, Any]]:
        """Return what is still there of all that tests made since the last call."""
        return []


class Leaks(NoLeaks):
    """Looks after every test. Gives up, silently, where a test breaks what it looks with."""

    def __init__(self) -> None:
        self._fds = move_high(os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY))
        self._tasks = move_high(os.open("/proc/self/task", os.O_RDONLY | os.O_DIRECTORY))
        own = f"/proc/self/task/{os.getpid()}/children"
        self._children = move_high(os.open(own, os.O_RDONLY))
        self._names = Names()
        tempfile._name_sequence = self._names  # type: ignore[attr-defined]
        self._named: dict[str, str] = {}
        self._things: list[_Thing] = []
        self._known: dict[tuple[str, int], str] = {}
        self._reading: object = None
        self._is_blind = False
        self._patience_s = _PATIENCE_S
        self._sent = 0

    def settle(self) -> None:
        """Whatever is there now was not made by the next test."""
        self.after("")

    def after(self, nodeid: str) -> None:
        """A test and its teardown are over; empty stands for whatever is between tests."""
        try:
            # Kernels before 6.2 do not count descriptors for us.
            reading = (
                os.fstat(self._fds).st_size or len(os.listdir(self._fds)),
                os.fstat(self._tasks).st_nlink,
                os.pread(self._children, _CHILDREN_BYTES, 0),
            )
            if reading != self._reading:
                self._reading = reading
                self._look(nodeid)
        except OSError:
            self._is_blind = True
        if self._names.made:
            if nodeid:
                self._named.update(dict.fromkeys(self._names.made, nodeid))
            self._names.made.clear()

    def judge(self) -> list[dict[str, Any]]:
        """Return what is still there of all that tests made since the last call."""
        things, self._things = self._things, []
        named, self._named = self._named, {}
        if not things and not named:
            return []
        left = [] if self._is_blind else self._still_there(things)
        counted: dict[tuple[str, str, str, int], int] = {}
        for thing in left:
            key = (thing.nodeid, *_told(thing))
            counted[key] = counted.get(key, 0) + 1
        for nodeid, path in _files_left(named):
            counted[nodeid, "temporary file", path, 0] = 1
        return self._bounded(counted)

    def _bounded(self, counted: dict[tuple[str, str, str, int], int]) -> list[dict[str, Any]]:
        found = []
        for (nodeid, resource, what, pid), count in counted.items():
            self._sent += 1
            if self._sent > _SENT_AT_MOST:
                break
            if self._sent == _SENT_AT_MOST:
                what = "and more that is not listed"  # noqa: PLW2901 - the last word
            about = {"nodeid": nodeid, "resource": resource, "what": what}
            found.append({**about, "count": count, "pid": pid})
        return found

    # --- what is there now

    def _look(self, nodeid: str) -> None:
        known = self._known
        present = self._present()
        for gone in known.keys() - present:
            del known[gone]
        for resource, number in sorted(present - known.keys()):
            mark = descriptors.target(number) if resource == "descriptor" else _start(number)
            if not mark:
                continue  # gone already
            known[resource, number] = mark
            if nodeid:
                self._things.append(_Thing(nodeid, resource, number, mark))

    def _present(self) -> set[tuple[str, int]]:
        tasks = [int(name) for name in os.listdir(self._tasks)]
        pids = [pid for tid in tasks for pid in _children(tid)]
        found = {("descriptor", int(name)) for name in os.listdir(self._fds)}
        return found | {("thread", tid) for tid in tasks} | {("process", pid) for pid in pids}

    def _still_there(self, things: list[_Thing]) -> list[_Thing]:
        until = time.perf_counter() + min(_GRACE_S, self._patience_s)
        while True:
            left = [thing for thing in things if _is_there(thing)]
            now = time.perf_counter()
            if now >= until or all(thing.resource == "descriptor" for thing in left):
                break
            time.sleep(0.002)
            self._patience_s -= time.perf_counter() - now
        return [thing for thing in left if not _is_harmless(thing)]


def watch(is_wanted: object) -> NoLeaks:
    """Return what looks for leaks; something that does not, where it cannot or should not."""
    if not is_wanted:
        return NoLeaks()
    try:
        return Leaks()
    except OSError:  # no /proc, or one that lists no children
        return NoLeaks()


def _children(tid: int) -> list[int]:
    try:
        fd = os.open(f"/proc/self/task/{tid}/children", os.O_RDONLY)
    except OSError:
        return []
    try:
        return [int(pid) for pid in os.read(fd, 1 << 16).split()]
    except OSError:
        return []
    finally:
        os.close(fd)


def _stat(path: str) -> list[str]:
    """Return the fields of a `stat` file from the state on; none for what has ended."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return []
    try:
        fields = os.read(fd, 4096).decode("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []
    finally:
        os.close(fd)
    return [] if not fields or fields[0] in {"Z", "X"} else fields


def _start(number: int) -> str:
    """When a thread or process began, which no other of its number shares; empty if ended."""
    fields = _stat(f"/proc/{number}/stat")
    return fields[19] if fields else ""


def _is_there(thing: _Thing) -> bool:
    if thing.resource == "descriptor":
        return descriptors.target(thing.number) == thing.mark
    return _start(thing.number) == thing.mark


def _is_harmless(thing: _Thing) -> bool:
    if thing.resource == "descriptor":
        return descriptors.is_harmless(thing.number, thing.mark)
    if thing.resource == "process":
        return thing.number in descriptors.helper_pids()
    # Threads of an executor wait for work until the interpreter ends and joins them.
    executors: Any = sys.modules.get("concurrent.futures.thread")
    thread = _thread(thing.number)
    is_pooled = thread in getattr(executors, "_threads_queues", ())
    return is_pooled or (thread is not None and thread.name.startswith(_KEPT_THREADS))


def _thread(tid: int) -> threading.Thread | None:
    return next((each for each in _enumerate() if each.native_id == tid), None)


def _told(thing: _Thing) -> tuple[str, str, int]:
    """Return the resource, what it is in words, and the pid of a process."""
    if thing.resource == "descriptor":
        return thing.resource, descriptors.describe(thing.number, thing.mark), 0
    if thing.resource == "process":
        return thing.resource, _command(thing.number), thing.number
    thread = _thread(thing.number)
    if thread is None or isinstance(thread, threading._DummyThread):
        return "native thread", _text(f"/proc/self/task/{thing.number}/comm").strip(), 0
    return thing.resource, f"{thread.name}{', daemon' if thread.daemon else ''}", 0


def _command(pid: int) -> str:
    words = _text(f"/proc/{pid}/cmdline")
    if words == _text("/proc/self/cmdline"):
        return "a fork of the worker"
    return " ".join(words.split("\0")).strip()[:200]


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(4096).decode("utf-8", "replace")
    except OSError:
        return ""


def _files_left(named: dict[str, str]) -> list[tuple[str, str]]:
    """Return the tests and paths of entries of the temporary folder that bear such a name."""
    folder = tempfile.tempdir
    if not named or not isinstance(folder, str):
        return []
    try:
        entries = os.listdir(folder)
    except OSError:
        return []
    found = []
    for entry in entries:
        pieces = (entry[at : at + _NAME] for at in range(len(entry) - _NAME + 1))
        name = next((piece for piece in pieces if piece in named), None)
        if name is not None and not entry.startswith(_REMOVED_LATER):
            found.append((named[name], os.path.join(folder, entry)))
    return found
