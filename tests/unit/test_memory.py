from __future__ import annotations

import os
import signal
from types import SimpleNamespace

import pytest

from unified_test_runner.crew import Seat
from unified_test_runner.memory import Kernel, MemoryWatch
from unified_test_runner.model import UnitKey
from unified_test_runner.planning.plan import Group, PlannedSuite
from unified_test_runner.steps import UnitPlan

MIB = 1 << 20
PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


class Machine:
    """Files as the kernel shows them."""

    def __init__(self, root) -> None:
        self.root = root
        self.kernel = Kernel(proc=root / "proc", cgroups=root / "cgroup")
        self.write("proc/meminfo", "MemTotal: 4194304 kB\nMemFree: 1 kB\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def process(self, pid, rss, *children, share=0):
        self.write(f"proc/{pid}/statm", f"99999 {rss // PAGE} 1 1 0 1 0\n")
        self.write(
            f"proc/{pid}/smaps_rollup", f"0-1 ---p [rollup]\nRss: 1 kB\nPss: {share >> 10} kB\n"
        )
        self.write(f"proc/{pid}/task/{pid}/children", " ".join(map(str, children)))

    def version_2(self, kills, limit="max", base="cgroup", path="/ci/job"):
        self.write("proc/self/cgroup", f"0::{path}\n")
        self.write(f"{base}{path}/memory.events", f"low 0\noom 9\noom_kill {kills}\n")
        self.write(f"{base}{path}/memory.max", f"{limit}\n")

    def version_1(self, kills):
        self.write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/ci/job\n0::/\n")
        self.write("cgroup/memory/ci/job/memory.oom_control", f"under_oom 0\noom_kill {kills}\n")

    def host(self, kills):
        self.write("proc/vmstat", f"nr_free_pages 1\noom_kill {kills}\n")


def seat(worker=0, pid=100, suite="s", **fields):
    process = SimpleNamespace(worker=worker, pid=pid, group=0, was_killed=False)
    made = Seat(process, is_walked=True)
    made.unit = UnitPlan(key=UnitKey(path="a.py"), suite=suite) if suite else None
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def watch(machine, **ceilings):
    suites = tuple(
        PlannedSuite(
            name=name, category=None, services=(), units=(), reason="", memory_bytes=ceiling
        )
        for name, ceiling in (ceilings or {"s": 500 * MIB}).items()
    )
    return MemoryWatch(
        {0: Group(index=0, suites=suites, arguments=(), interpreter="")}, machine.kernel
    )


def test_a_worker_above_its_ceiling_is_named_with_what_it_used(machine):
    machine.process(100, 612 * MIB)
    machine.process(101, 400 * MIB)
    large, small = seat(), seat(worker=1, pid=101)
    assert watch(machine).look([large, small], 1.0) == [
        (large, "memory: its worker used 612 MiB, ceiling 500 MiB")
    ]


def test_children_count_once_for_what_they_share(machine):
    machine.process(100, 300 * MIB, 200, share=160 * MIB)
    machine.process(200, 300 * MIB, 300, share=160 * MIB)
    machine.process(300, 40 * MIB, share=20 * MIB)
    watching = watch(machine)
    assert watching.look([seat()], 1.0) == [], "640 MiB counted twice over are 340 MiB"
    machine.process(200, 500 * MIB, 300, share=360 * MIB)
    assert watching.look([seat()], 1.5) == [], "weighed a moment ago"
    ((_, reason),) = watching.look([seat()], 2.5)
    assert reason == ("memory: its worker with its 2 child processes used 540 MiB, ceiling 500 MiB")


def test_looks_are_not_more_frequent_than_they_need_be(machine):
    watching = watch(machine)
    machine.process(100, 612 * MIB)
    assert watching.look([], 1.0) == []
    assert watching.look([seat()], 1.05) == []
    assert watching.look([seat()], 1.2)


@pytest.mark.parametrize(
    "exempt",
    [
        seat(pid=None), seat(is_ending=True), seat(ending="in hand"), seat(suite="free"),
        seat(suite="", is_walked=True), seat(suite="", is_walked=False),
    ],
    ids=["no process", "at its end", "being ended", "no ceiling", "idle", "starts for a free one"],
)  # fmt: skip
def test_who_is_let_be(machine, exempt):
    machine.process(100, 9000 * MIB)
    assert watch(machine, s=MIB, free=None).look([exempt], 1.0) == []


def test_while_it_starts_a_worker_may_use_as_much_as_any_of_its_suites(machine):
    watching = watch(machine, s=100 * MIB, t=300 * MIB)
    starting = seat(suite="", is_walked=False)
    machine.process(100, 200 * MIB)
    assert watching.look([starting], 1.0) == []
    machine.process(100, 301 * MIB)
    assert watching.look([starting], 2.0)


def test_a_process_that_is_gone_uses_nothing(machine):
    assert watch(machine).look([seat()], 1.0) == []
    assert machine.kernel.descendants(100) == []


# --- killed for want of memory. The files are made up here: a real kill needs a cgroup of its
# own with a limit, and making one would take the test's processes out of whatever bounds them.


def killed(machine, before, after, **fields):
    before()
    watching = watch(machine, s=None)
    machine.process(100, 3174 * MIB)
    victim = seat(**fields)
    watching.look([victim], 1.0)
    after()
    return watching.explain(victim, -signal.SIGKILL)


@pytest.mark.parametrize("version", ["version_1", "version_2", "host"])
def test_the_kernels_count_tells_of_a_kill(machine, version):
    count = getattr(machine, version)
    which = "host" if version == "host" else "cgroup"
    assert killed(machine, lambda: count(2), lambda: count(3)) == (
        f": the kernel ran out of memory (the {which}'s count of such kills rose from 2 to 3; "
        "the worker used 3.1 GiB shortly before)"
    )


def test_in_a_container_the_cgroup_is_the_root_of_what_is_mounted(machine):
    def count(number):
        machine.version_2(number, path="/")
        machine.write("proc/self/cgroup", "0::/docker/abc\n")

    assert "from 0 to 1" in killed(machine, lambda: count(0), lambda: count(1))


def test_both_versions_mounted(machine):
    machine.version_2(1, base="cgroup/unified", path="/a")
    assert machine.kernel.kills() == (1, 0)


def test_without_a_count_a_large_worker_is_told_of(machine):
    assert killed(machine, lambda: None, lambda: None) == (
        " (the worker used 3.1 GiB shortly before, of 4.0 GiB that there are)"
    )


def test_a_small_one_says_nothing(machine):
    watching = watch(machine, s=None)
    machine.process(100, 30 * MIB)
    watching.look([seat()], 1.0)
    assert watching.explain(seat(), -signal.SIGKILL) == ""


@pytest.mark.parametrize(("limit", "available"), [("1073741824", 1 << 30), ("max", 4 << 30)])
def test_what_there_is(machine, limit, available):
    machine.version_2(0, limit=limit)
    assert machine.kernel.available_bytes() == available


@pytest.mark.parametrize("status", [0, 1, -signal.SIGSEGV, -signal.SIGTERM])
def test_other_ends_have_other_reasons(machine, status):
    machine.version_2(0)
    watching = watch(machine)
    machine.version_2(1)
    assert watching.explain(seat(), status) == ""


def test_what_we_killed_ourselves_was_not_the_kernel(machine):
    machine.version_2(0)
    watching = watch(machine)
    machine.version_2(1)
    ours = seat()
    ours.process.was_killed = True
    assert watching.explain(ours, -signal.SIGKILL) == ""


def test_this_machine_can_be_read():
    kernel = Kernel()
    assert kernel.rss_bytes(os.getpid()) > MIB
    assert kernel.share_bytes(os.getpid()) > MIB
    assert kernel.available_bytes() > 64 * MIB
    assert all(number >= 0 for number in kernel.kills())


@pytest.mark.parametrize("text", ["", "nonsense", "0", "::", "x:memory"])
def test_files_that_say_nothing(machine, text):
    machine.write("proc/self/cgroup", text)
    machine.write("proc/meminfo", text)
    machine.write("proc/100/statm", text)
    assert machine.kernel.kills() == (0, 0)
    assert machine.kernel.available_bytes() == 0
    assert machine.kernel.rss_bytes(100) == 0
