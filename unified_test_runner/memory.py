"""How much memory workers use, and whether the kernel ended one for it.

Reads what the kernel tells of processes and cgroups; decides about ceilings, ends nothing.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.events import WorkerRecycled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from unified_test_runner.crew import Seat
    from unified_test_runner.planning.plan import Group

_PAGE = os.sysconf("SC_PAGE_SIZE")
_LOOK_EVERY_S = 0.1
#: What processes really share costs milliseconds to find out: not at every look.
_WEIGH_EVERY_S = 1.0
#: So many looks back is "shortly before".
_RECENT = 20
#: A worker that held so much of what there is may well have been ended for it.
_LARGE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """The files in which the kernel tells of memory; both are given for tests."""

    proc: Path = Path("/proc")
    cgroups: Path = Path("/sys/fs/cgroup")

    def rss_bytes(self, pid: int) -> int:
        """Resident set of a process; 0 for one that is gone."""
        words = _read(self.proc / str(pid) / "statm").split()
        return int(words[1]) * _PAGE if len(words) > 1 else 0

    def share_bytes(self, pid: int) -> int:
        """Its proportional share: what several processes map counts once among them."""
        return _number(self.proc / str(pid) / "smaps_rollup", "Pss:") * 1024

    def descendants(self, pid: int) -> list[int]:
        """Its children and theirs, as far as they have not moved away."""
        found: list[int] = []
        try:
            tasks = list((self.proc / str(pid) / "task").iterdir())
        except OSError:
            return found
        for task in tasks:
            for child in map(int, _read(task / "children").split()):
                found += [child, *self.descendants(child)]
        return found

    def kills(self) -> tuple[int, int]:
        """How many processes the kernel has ended for want of memory: here, and on the host."""
        here = max((_number(path, "oom_kill") for path in self._own("memory.events")), default=0)
        old = max(
            (_number(path, "oom_kill") for path in self._own("memory.oom_control")), default=0
        )
        return max(here, old), _number(self.proc / "vmstat", "oom_kill")

    def available_bytes(self) -> int:
        """What the machine has, or the cgroup may use if that is less; 0 where unknown."""
        found = [_number(self.proc / "meminfo", "MemTotal:") * 1024]
        for name in ("memory.max", "memory.limit_in_bytes"):
            found += [
                int(text) for path in self._own(name) if (text := _read(path).strip()).isdigit()
            ]
        return min((amount for amount in found if amount), default=0)

    def _own(self, name: str) -> Iterator[Path]:
        """Yield where a file of the own cgroup may be, of either version of cgroups.

        In a container the path may be that of the host; then its root is mounted instead.
        """
        for line in _read(self.proc / "self" / "cgroup").splitlines():
            number, controllers, path = (*line.split(":", 2), "", "")[:3]
            if number != "0" and "memory" not in controllers.split(","):
                continue
            bases = ("", "unified") if number == "0" else ("memory",)
            for base in bases:
                for inside in (path.strip("/"), ""):
                    yield self.cgroups / base / inside / name


class MemoryWatch:
    """Watches the workers of a run.

    Args:
        groups: the plan's groups, by index.
        kernel: where readings come from.
    """

    def __init__(self, groups: Mapping[int, Group], kernel: Kernel | None = None) -> None:
        self._groups = groups
        self._kernel = kernel or Kernel()
        self._ceilings = {s.name: s.memory_bytes for g in groups.values() for s in g.suites}
        self._bounds = {s.name: s.recycle_bytes for g in groups.values() for s in g.suites}
        self._recent: dict[int, deque[int]] = {}
        self._weighed: dict[int, float] = {}
        self._looked = -_LOOK_EVERY_S
        self._kills = self._kernel.kills()

    def look(self, seats: Iterable[Seat], now: float) -> list[tuple[Seat, str]]:
        """Return the workers that use more than they may, each with what to say of it."""
        if now - self._looked < _LOOK_EVERY_S:
            return []
        self._looked = now
        heavy = []
        for seat in seats:
            pid = seat.process.pid
            if pid is None or seat.ending is not None:
                continue
            rss = self._kernel.rss_bytes(pid)
            self._recent.setdefault(seat.process.worker, deque(maxlen=_RECENT)).append(rss)
            ceiling = self._ceiling(seat)
            if ceiling is not None and (reason := self._weigh(seat, pid, rss, ceiling)):
                heavy.append((seat, reason))
        return heavy

    def outgrown(self, seat: Seat) -> WorkerRecycled | None:
        """Return what is said of a worker that has ended a file and grown too large for another."""
        bound = self._bounds.get(seat.suite)
        if bound is None or seat.rss_bytes <= bound:
            return None
        return WorkerRecycled(
            worker=seat.process.worker, path=seat.path, rss_bytes=seat.rss_bytes, bound_bytes=bound
        )

    def explain(self, seat: Seat, status: int) -> str:
        """Say what memory has to do with the death of a worker; empty if nothing is known."""
        recent = self._recent.pop(seat.process.worker, ())
        if status != -signal.SIGKILL or seat.process.was_killed:
            return ""
        before, self._kills = self._kills, self._kernel.kills()
        used = max(recent, default=0)
        shortly = f"the worker used {_shown(used)} shortly before"
        for which, old, new in zip(("cgroup", "host"), before, self._kills, strict=True):
            if new > old:
                count = f"the {which}'s count of such kills rose from {old} to {new}"
                return f": the kernel ran out of memory ({count}; {shortly})"
        available = self._kernel.available_bytes()
        if available and used >= available * _LARGE:
            return f" ({shortly}, of {_shown(available)} that there are)"
        return ""

    def _ceiling(self, seat: Seat) -> int | None:
        """What a worker may use for what it does; while it starts, as much as any of its suites."""
        if seat.is_ending:
            return None
        if seat.unit is not None:
            return self._ceilings.get(seat.suite)
        if seat.is_walked:
            return None
        ceilings = [suite.memory_bytes for suite in self._groups[seat.process.group].suites]
        known = [ceiling for ceiling in ceilings if ceiling is not None]
        return max(known) if len(known) == len(ceilings) else None

    def _weigh(self, seat: Seat, pid: int, rss: int, ceiling: int) -> str:
        children = self._kernel.descendants(pid)
        used = rss + sum(map(self._kernel.rss_bytes, children))
        if used <= ceiling:
            return ""
        if children and rss <= ceiling:
            worker = seat.process.worker
            if self._looked - self._weighed.get(worker, -_WEIGH_EVERY_S) < _WEIGH_EVERY_S:
                return ""
            self._weighed[worker] = self._looked
            used = sum(map(self._kernel.share_bytes, [pid, *children]))
            if used <= ceiling:
                return ""
        number = len(children)
        also = f" with its {number} child process{'es' if number > 1 else ''}" if number else ""
        return f"memory: its worker{also} used {_shown(used)}, ceiling {_shown(ceiling)}"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _number(path: Path, name: str) -> int:
    """Return the number behind a name in a file of names and numbers; 0 without one."""
    for line in _read(path).splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return 0


def _shown(count: int) -> str:
    gib = 1 << 30
    return f"{count / gib:.1f} GiB" if count >= gib else f"{count / (1 << 20):.0f} MiB"
