"""Both protocols against a scripted peer; the real servers are met in the integration tests."""

from __future__ import annotations

import struct
import threading
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.model import Endpoint
from unified_test_runner.services.kinds import pgwire, resp

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

import socket as sockets

ENDPOINT = Endpoint(host="127.0.0.1", port=0, user="u", password="hidden", database="d")


@pytest.fixture
def peer() -> Iterator[Callable[[bytes], Endpoint]]:
    """Starts a server that answers whatever it is sent first with the given bytes."""
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(answer: bytes) -> Endpoint:
        listening = sockets.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def talk() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=talk)
        thread.start()
        threads.append(thread)
        return Endpoint(host="127.0.0.1", port=listening.getsockname()[1], user="u")

    yield serve
    for thread in threads:
        thread.join(5)
    for listening in opened:
        listening.close()


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


OK = message(b"R", struct.pack("!i", 0))
STATUS = message(b"S", b"server_version\x0015.9 (Debian 15.9-0)\0")
READY = message(b"Z", b"I")


def test_a_session_knows_the_servers_version(peer: Callable[[bytes], Endpoint]) -> None:
    with pgwire.PgConnection(peer(OK + STATUS + READY), timeout_s=5) as connection:
        assert (connection.version, connection.major) == ("15.9", 15)


def test_rows_come_as_text_with_none_for_null(peer: Callable[[bytes], Endpoint]) -> None:
    row = struct.pack("!hi", 2, 1) + b"1" + struct.pack("!i", -1)
    answer = OK + STATUS + READY + message(b"D", row) + message(b"C", b"SELECT 1\0") + READY
    with pgwire.PgConnection(peer(answer), timeout_s=5) as connection:
        assert connection.run("SELECT 1, NULL") == [("1", None)]


def test_a_refusal_has_the_servers_code_and_words(peer: Callable[[bytes], Endpoint]) -> None:
    refusal = message(b"E", b"SFATAL\0C28P01\0Mpassword authentication failed\0\0")
    with pytest.raises(pgwire.PgError, match="authentication failed") as caught:
        pgwire.PgConnection(peer(refusal), timeout_s=5)
    assert caught.value.code == "28P01"


def test_a_connection_that_ends_early_is_an_error(peer: Callable[[bytes], Endpoint]) -> None:
    endpoint = peer(OK[:3])
    with pytest.raises(OSError, match=r"timed out|closed"):
        pgwire.PgConnection(endpoint, timeout_s=0.05)


def test_names_and_strings_are_quoted() -> None:
    assert pgwire.quoted('a"b') == '"a""b"'
    assert pgwire.literal("it's") == "'it''s'"


def test_a_verifier_does_not_hold_the_password() -> None:
    verifier = pgwire.scram_verifier("hidden")
    assert verifier.startswith("SCRAM-SHA-256$4096:")
    assert "hidden" not in verifier


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"+PONG\r\n", "PONG"),
        (b":12\r\n", 12),
        (b"$5\r\nab\r\nc\r\n", "ab\r\nc"),
        (b"$0\r\n\r\n", ""),
        (b"$-1\r\n", None),
        (b"*2\r\n$1\r\na\r\n:1\r\n", ["a", 1]),
        (b"*-1\r\n", None),
    ],
)
def test_replies_of_redis(
    peer: Callable[[bytes], Endpoint], answer: bytes, expected: object
) -> None:
    with resp.RedisConnection(peer(answer), timeout_s=5) as connection:
        assert connection.run("X") == expected


def test_an_error_of_redis_has_its_code(peer: Callable[[bytes], Endpoint]) -> None:
    with (
        resp.RedisConnection(peer(b"-WRONGPASS no\r\n"), timeout_s=5) as connection,
        pytest.raises(resp.RedisError, match="no") as caught,
    ):
        connection.run("AUTH", "x")
    assert caught.value.code == "WRONGPASS"
