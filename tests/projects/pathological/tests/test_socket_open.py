"""Socket open."""

import socket

LEFT = []


def test_bad():
    LEFT.append(socket.create_server(("127.0.0.1", 0)))


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
