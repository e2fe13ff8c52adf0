"""A Redis connection that can send commands and read the replies, nothing more.

Written here because the client library takes 200 ms to import, ten times what the server
needs to start, and because the watcher runs without site-packages. Protocol version 2.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Union

from unified_test_runner.services.kinds.connection import Connection

if TYPE_CHECKING:
    from unified_test_runner.model import Endpoint

Reply = Union[str, int, None, list["Reply"]]  # noqa: UP007 - recursive


class RedisError(Exception):
    """The server answered a command with an error; the text is the server's own."""

    @property
    def code(self) -> str:
        """The first word, e.g. `WRONGPASS`, `NOAUTH`, `LOADING`."""
        return str(self).split(" ", 1)[0]


class RedisConnection(Connection):
    """One connection to a server, authenticated when the endpoint has a password.

    Raises:
        OSError: nobody listens, or the connection broke.
        RedisError: the server answered with a refusal.
    """

    def __init__(self, endpoint: Endpoint, *, timeout_s: float) -> None:
        self._socket = socket.create_connection((endpoint.host, endpoint.port), timeout_s)
        self._stream = self._socket.makefile("rb")
        try:
            if endpoint.password:
                user = (endpoint.user,) if endpoint.user else ()
                self.run("AUTH", *user, endpoint.password)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close; never raises."""
        with contextlib.suppress(OSError):
            self._stream.close()
        self._socket.close()

    def run(self, *words: str | int) -> Reply:
        """Send one command and return its reply.

        Raises:
            RedisError: the server refused it.
            OSError: the connection broke.
        """
        parts = [str(word).encode() for word in words]
        body = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(b"*%d\r\n%s" % (len(parts), body))
        return self._reply()

    def info(self, section: str) -> dict[str, str]:
        """Return one section of INFO."""
        text = str(self.run("INFO", section))
        pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
        return {key: value.strip() for key, value in pairs}

    def _reply(self) -> Reply:
        line = self._stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the server closed the connection")
        kind, text = line[:1], line[1:-2].decode(errors="replace")
        if kind == b"+":
            return text
        if kind == b"-":
            raise RedisError(text)
        if kind == b":":
            return int(text)
        if kind == b"*":
            return None if int(text) < 0 else [self._reply() for _ in range(int(text))]
        return self._bulk(int(text))

    def _bulk(self, size: int) -> str | None:
        if size < 0:
            return None
        body = self._stream.read(size + 2)
        if len(body) != size + 2:
            raise ConnectionResetError("the server closed the connection")
        return body[:-2].decode(errors="replace")
