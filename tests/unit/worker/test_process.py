from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.errors import ProtocolError
from unified_test_runner.model import UnitKey
from unified_test_runner.steps import Assign, UnitPlan
from unified_test_runner.worker.child.utr_child import wire
from unified_test_runner.worker.process import WorkerProcess
from unified_test_runner.worker.protocol import Finished, Hello, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

HELLO = {"k": "hello", "p": 10, "version": 1, "pid": 10}


class Pair:
    """The runner's side of a worker, and the end that the worker would hold."""

    def __init__(self) -> None:
        ours, self.worker = socket.socketpair()
        self.process = WorkerProcess(worker=3, slot=1, group=0, channel=ours)

    def say(self, *messages: dict[str, object]) -> None:
        self.worker.sendall(b"".join(map(wire.encode, messages)))

    def told(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.worker.recv(1 << 16).splitlines()]


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.worker.close()
    made.process.close()


def stopped(pid: int) -> dict[str, object]:
    return {"k": "stopped", "p": pid, "reason": f"by {pid}"}


def test_nothing_said_is_no_end(pair):
    assert pair.process.receive() == []


def test_the_first_to_write_is_the_worker(pair):
    pair.say(HELLO)
    assert pair.process.receive() == [Hello(version=1, pid=10)]
    assert pair.process.pid == 10


def test_messages_of_other_writers_are_dropped_and_named_once(pair):
    pair.say(HELLO, stopped(11), stopped(10), stopped(11), stopped(12))
    assert pair.process.receive() == [Hello(version=1, pid=10), Stopped(reason="by 10")]
    pair.say(stopped(12), stopped(10))
    assert pair.process.receive() == [Stopped(reason="by 10")]
    assert pair.process.foreign_pids == {11, 12}


def test_a_pid_told_by_the_template_counts_from_the_start(pair):
    pair.process.pid = 10
    pair.say(stopped(99))
    assert pair.process.receive() == []
    assert pair.process.foreign_pids == {99}


def test_a_message_in_pieces_waits_for_its_end(pair):
    line = wire.encode({"k": "finished", "p": 10, "rss_bytes": 5})
    pair.worker.sendall(line[:9])
    assert pair.process.receive() == []
    pair.worker.sendall(line[9:])
    assert pair.process.receive() == [Finished(rss_bytes=5)]


def test_what_was_written_before_the_end_is_read_before_the_end(pair):
    pair.say(HELLO)
    pair.worker.close()
    assert pair.process.receive() == [Hello(version=1, pid=10)]
    assert pair.process.receive() is None


def test_nonsense_names_the_worker(pair):
    pair.worker.sendall(b"Segmentation fault\n")
    with pytest.raises(ProtocolError, match="worker 3"):
        pair.process.receive()


def test_orders_are_sent_as_the_worker_reads_them(pair):
    key = UnitKey(path="a.py", collector="DoctestModule", ordinal=1)
    unit = UnitPlan(key=key, suite="s")
    whole = Assign(worker=3, unit=unit, start=4)
    pair.process.run(whole, patterns=("x.*",), ids=("test_a",))
    part = Assign(worker=3, unit=unit, start=4, stop=6, first=4, ids=("a", "b\ud800"))
    pair.process.run(part, patterns=(), ids=(), recall="only", recalled=("test_b",))
    pair.process.steal("auto")
    pair.process.finish()
    pair.process.drain()
    assert pair.told() == [
        {"k": "run", "unit": ["a.py", "DoctestModule", 1], "start": 4, "stop": None,
         "expected": None, "patterns": ["x.*"], "ids": ["test_a"], "recall": "", "recalled": []},
        {"k": "run", "unit": ["a.py", "DoctestModule", 1], "start": 4, "stop": 6,
         "expected": [2, wire.checksum(["a", "b\ud800"])], "patterns": [], "ids": [],
         "recall": "only", "recalled": ["test_b"]},
        {"k": "steal", "how": "auto"},
        {"k": "finish"},
        {"k": "drain"},
    ]  # fmt: skip


def test_orders_to_a_worker_that_is_gone_are_no_error(pair):
    pair.worker.close()
    pair.process.finish()
    pair.process.kill()
    assert pair.process.receive() is None
