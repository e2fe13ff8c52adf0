from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.bell import Bell
from unified_test_runner.worker.child.utr_child import channel as module
from unified_test_runner.worker.child.utr_child import wire
from unified_test_runner.worker.child.utr_child.channel import HIGH_DESCRIPTOR, Channel, move_high

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pair:
    """A child's channel, and the runner's end of it."""

    def __init__(self) -> None:
        self.runner, theirs = socket.socketpair()
        self.child = theirs.detach()
        self.bell = Bell()
        self.channel = Channel(self.child, self.bell.rope, 7)

    def has_rung(self) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self.bell.fileno(), 64)
        return b""

    def arrived(self) -> list[dict]:
        self.runner.setblocking(False)
        try:
            data = self.runner.recv(1 << 20)
        except BlockingIOError:
            return []
        return [json.loads(line) for line in data.splitlines()]

    def close(self) -> None:
        self.runner.close()
        os.close(self.child)
        self.bell.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


@pytest.fixture
def exits(monkeypatch) -> list[int]:
    """Makes the end of the process an exception, and keeps its status."""
    found: list[int] = []

    def leave(status: int) -> None:
        found.append(status)
        raise SystemExit(status)

    monkeypatch.setattr(module.os, "_exit", leave)
    return found


def test_messages_are_collected_until_flushed_and_bear_the_writers_pid(pair):
    pair.channel.send("one", number=1)
    pair.channel.send("two")
    assert pair.arrived() == []
    pair.channel.flush()
    pid = os.getpid()
    assert pair.arrived() == [{"k": "one", "p": pid, "number": 1}, {"k": "two", "p": pid}]
    pair.channel.flush()
    assert pair.arrived() == []


def test_what_was_collected_goes_out_in_one_write_and_a_ring(pair, monkeypatch):
    writes = []
    write = os.write
    monkeypatch.setattr(module.os, "write", lambda fd, data: writes.append(fd) or write(fd, data))
    for _ in range(5):
        pair.channel.send("x")
    pair.channel.flush()
    assert writes == [pair.child, pair.bell.rope]


def test_a_write_that_takes_a_part_only_is_continued(pair, monkeypatch):
    write = os.write
    monkeypatch.setattr(module.os, "write", lambda fd, data: write(fd, data[:7]))
    pair.channel.send("long", text="x" * 100)
    pair.channel.flush()
    assert pair.arrived()[0]["text"] == "x" * 100


def test_waiting_for_a_message_sends_first(pair):
    pair.channel.send("hello")
    pair.runner.sendall(wire.encode({"k": "run"}))
    assert pair.channel.receive() == {"k": "run"}
    assert [message["k"] for message in pair.arrived()] == ["hello"]


def test_messages_that_arrive_together_are_given_one_by_one(pair):
    pair.runner.sendall(wire.encode({"k": "a"}) + wire.encode({"k": "b"}))
    assert [pair.channel.receive()["k"], pair.channel.receive()["k"]] == ["a", "b"]
    assert pair.channel.poll() is None


def test_polling_does_not_wait_and_does_not_send(pair):
    pair.channel.send("later")
    assert pair.channel.poll() is None
    assert pair.arrived() == []
    pair.runner.sendall(wire.encode({"k": "drain"}) + wire.encode({"k": "finish"}))
    assert pair.channel.poll() == {"k": "drain"}
    assert pair.channel.poll() == {"k": "finish"}


def test_a_message_in_pieces_is_put_together(pair, monkeypatch):
    read = os.read
    monkeypatch.setattr(module.os, "read", lambda fd, _: read(fd, 3))
    pair.runner.sendall(wire.encode({"k": "finish"}))
    assert pair.channel.receive() == {"k": "finish"}


@pytest.mark.parametrize("action", ["receive", "flush", "poll"])
def test_a_runner_that_is_gone_ends_the_process(pair, exits, action):
    pair.channel.send("x")
    pair.runner.close()
    with pytest.raises(SystemExit):
        getattr(pair.channel, action)()
    assert exits == [70]


def test_a_descriptor_is_moved_out_of_the_way_of_tests():
    low = os.open(os.devnull, os.O_RDONLY)
    high = move_high(low)
    try:
        assert high >= HIGH_DESCRIPTOR
        assert fcntl.fcntl(high, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(low)
    finally:
        os.close(high)


@pytest.mark.parametrize(("soft", "floor"), [(4096, 3000), (-1, 3000), (300, 284), (10, 3)])
def test_the_limit_of_descriptors_is_respected(soft, floor, monkeypatch):
    asked = []
    monkeypatch.setattr(module.resource, "getrlimit", lambda _: (soft, soft))
    monkeypatch.setattr(module.fcntl, "fcntl", lambda fd, how, least: asked.append(least) or 99)
    monkeypatch.setattr(module.os, "close", lambda _: None)
    assert move_high(7) == 99
    assert asked == [floor]


def test_a_limit_that_may_be_raised_is_raised_for_a_moment(monkeypatch):
    limits, asked = [], []
    monkeypatch.setattr(module.resource, "getrlimit", lambda _: (1024, 20_000))
    monkeypatch.setattr(module.resource, "setrlimit", lambda _, both: limits.append(both))
    monkeypatch.setattr(module.fcntl, "fcntl", lambda fd, how, least: asked.append(least) or 99)
    monkeypatch.setattr(module.os, "close", lambda _: None)
    assert move_high(7) == 99
    assert asked == [HIGH_DESCRIPTOR]
    assert limits == [(HIGH_DESCRIPTOR + 16, 20_000), (1024, 20_000)]


@pytest.mark.parametrize("action", ["receive", "flush"])
def test_a_channel_that_was_replaced_ends_the_process(pair, exits, action):
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, pair.child)
    os.close(null)
    with pytest.raises(SystemExit):
        getattr(pair.channel, action)()
    assert exits == [wire.CHANNEL_LOST]


def test_functions_that_a_test_replaced_do_not_matter(pair, monkeypatch):
    for owner, name in (
        (os, "write"),
        (os, "getpid"),
        (json, "dumps"),
        (json.JSONEncoder, "encode"),
    ):
        monkeypatch.setattr(owner, name, None)
    pair.channel.send("x")
    pair.channel.flush()
    monkeypatch.undo()
    assert pair.arrived() == [{"k": "x", "p": os.getpid()}]


def test_the_runner_is_woken_only_for_what_it_waits_for(pair):
    for kind, fields in (
        (wire.UNIT_STARTED, {}),
        (wire.TEST_STARTED, {"index": 0}),
        (wire.TEST_ENDED, {"passed": [0, 0, 0]}),
    ):
        pair.channel.send(kind, **fields)
        pair.channel.flush()
        assert not pair.has_rung()
    pair.channel.send(wire.TEST_ENDED, phases=[])
    pair.channel.flush()
    assert pair.has_rung() == bytes([7]), "it is known by its mark"
    pair.channel.send(wire.TEST_STARTED, index=1)
    pair.channel.flush()
    assert not pair.has_rung(), "one urgent message does not make the next urgent"


def test_many_small_writes_ring_before_the_socket_is_full(pair):
    for index in range(60):
        pair.channel.send(wire.TEST_STARTED, index=index)
        pair.channel.flush()
    assert pair.has_rung()


def test_a_bell_that_a_test_has_closed_is_done_without(pair):
    pair.channel._bell_fd = -1
    pair.channel.send(wire.FINISHED)
    pair.channel.flush()
    assert [message["k"] for message in pair.arrived()] == [wire.FINISHED]
