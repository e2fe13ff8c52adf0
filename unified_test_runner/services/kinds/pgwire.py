"""A PostgreSQL connection that can send one statement after another, nothing more.

Written here because a full driver takes 170 ms to import, three times what the server needs
to start, and because the watcher runs without site-packages. Text format, simple protocol.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import socket
import struct
from typing import TYPE_CHECKING

from unified_test_runner.services.kinds.connection import Connection

if TYPE_CHECKING:
    from unified_test_runner.model import Endpoint

_PROTOCOL = 196608
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_ITERATIONS = 4096


class PgError(Exception):
    """The server refused a statement or the connection.

    Args:
        code: five characters, e.g. `28P01` (wrong password) or `57P03` (starting up).
        text: the server's own words.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class PgConnection(Connection):
    """One session with a server. Use as a context manager.

    Args:
        endpoint: where and as whom; `database` empty means `postgres`.
        timeout_s: for connecting and for each read.
        unix_socket: path of a socket to use in place of host and port.
        tls: whether to insist on TLS (without checking names: loopback only).

    Raises:
        OSError: nobody listens, or the connection broke.
        PgError: the server answered with a refusal.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout_s: float,
        unix_socket: str | None = None,
        tls: bool = False,
    ) -> None:
        self.settings: dict[str, str] = {}
        self._endpoint = endpoint
        self._buffer = b""
        self._socket = _connect(endpoint, timeout_s, unix_socket)
        try:
            if tls:
                self._socket = _wrap(self._socket)
            self._start()
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """Say goodbye and close; never raises."""
        try:
            self._send(b"X", b"")
        except OSError:
            pass  # the server is gone already, which is what we want
        finally:
            self._socket.close()

    @property
    def version(self) -> str:
        """The server's version, e.g. `15.9`, without what a distribution adds to it."""
        return self.settings.get("server_version", "").split(" ", 1)[0]

    @property
    def major(self) -> int:
        """The first number of the version, e.g. 15; 0 when the server did not say."""
        digits = re.match(r"\d+", self.version)
        return int(digits.group()) if digits else 0

    def run(self, statement: str) -> list[tuple[str | None, ...]]:
        """Run one statement and return its rows as text.

        Raises:
            PgError: the server refused it.
            OSError: the connection broke.
        """
        self._send(b"Q", statement.encode() + b"\0")
        return self._until_ready()

    def _start(self) -> None:
        fields = {
            "user": self._endpoint.user,
            "database": self._endpoint.database or "postgres",
            "application_name": "unified-test-runner",
            "client_encoding": "UTF8",
        }
        body = b"".join(f"{key}\0{value}\0".encode() for key, value in fields.items()) + b"\0"
        self._socket.sendall(struct.pack("!ii", len(body) + 8, _PROTOCOL) + body)
        self._until_ready()

    def _until_ready(self) -> list[tuple[str | None, ...]]:
        rows: list[tuple[str | None, ...]] = []
        refusal: PgError | None = None
        while True:
            kind, body = self._receive()
            if kind == b"D":
                rows.append(_row(body))
            elif kind == b"R":
                self._authenticate(body)
            elif kind == b"S":
                key, value = body[:-1].decode().split("\0", 1)
                self.settings[key] = value
            elif kind == b"E":
                refusal = _refusal(body)
                if not self.settings:  # refused while connecting: nothing follows
                    raise refusal
            elif kind == b"Z":
                if refusal is not None:
                    raise refusal
                return rows

    def _authenticate(self, body: bytes) -> None:
        (method,) = struct.unpack_from("!i", body)
        endpoint = self._endpoint
        if method == 3:  # noqa: PLR2004 - AuthenticationCleartextPassword
            self._send(b"p", endpoint.password.encode() + b"\0")
        elif method == 5:  # noqa: PLR2004 - AuthenticationMD5Password
            self._send(b"p", _md5_answer(endpoint.user, endpoint.password, body[4:8]) + b"\0")
        elif method == 10:  # noqa: PLR2004 - AuthenticationSASL
            self._scram()
        elif method != 0:
            raise PgError("0A000", f"the server asks for authentication method {method}")

    def _scram(self) -> None:
        nonce = base64.b64encode(secrets.token_bytes(18)).decode()
        first = f"n=,r={nonce}"
        hello = b"n,," + first.encode()
        self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(hello)) + hello)
        challenge = self._sasl_body()
        parts = dict(item.split("=", 1) for item in challenge.split(","))
        if not parts["r"].startswith(nonce):
            raise PgError("28000", "the server did not repeat our nonce")
        salted = _salted(self._endpoint.password, base64.b64decode(parts["s"]), int(parts["i"]))
        client = _mac(salted, b"Client Key")
        final = f"c=biws,r={parts['r']}"
        message = f"{first},{challenge},{final}".encode()
        signature = _mac(hashlib.sha256(client).digest(), message)
        proof = bytes(a ^ b for a, b in zip(client, signature, strict=True))
        self._send(b"p", f"{final},p={base64.b64encode(proof).decode()}".encode())
        expected = base64.b64encode(_mac(_mac(salted, b"Server Key"), message)).decode()
        if not hmac.compare_digest(self._sasl_body(), f"v={expected}"):
            raise PgError("28000", "the server could not prove that it knows the password")

    def _sasl_body(self) -> str:
        kind, body = self._receive()
        if kind == b"E":
            raise _refusal(body)
        return body[4:].decode()

    def _send(self, kind: bytes, body: bytes) -> None:
        self._socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def _receive(self) -> tuple[bytes, bytes]:
        head = self._read(5)
        (size,) = struct.unpack("!i", head[1:])
        return head[:1], self._read(size - 4)

    def _read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            block = self._socket.recv(65536)
            if not block:
                raise ConnectionResetError("the server closed the connection")
            self._buffer += block
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found


def drop_database(connection: PgConnection, name: str) -> None:
    """Drop database `name` if it exists, ending sessions that still use it.

    Raises:
        PgError: the server refused.
        OSError: the connection broke.
    """
    if connection.major >= 13:  # noqa: PLR2004 - where FORCE came in
        connection.run(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
        return
    connection.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608 - quoted
        f" WHERE datname = {literal(name)}"
    )
    connection.run(f"DROP DATABASE IF EXISTS {quoted(name)}")


def scram_verifier(password: str) -> str:
    """Return what `ALTER ROLE … PASSWORD` takes in place of the password itself."""
    salt = secrets.token_bytes(16)
    salted = _salted(password, salt, _ITERATIONS)
    stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
    server = _mac(salted, b"Server Key")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{text[0]}${text[1]}:{text[2]}"


def quoted(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return `text` as an SQL string constant."""
    return "'" + text.replace("'", "''") + "'"


def _connect(endpoint: Endpoint, timeout_s: float, unix_socket: str | None) -> socket.socket:
    if unix_socket is None:
        return socket.create_connection((endpoint.host, endpoint.port), timeout_s)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(timeout_s)
        made.connect(unix_socket)
    except BaseException:
        made.close()
        raise
    return made


def _wrap(plain: socket.socket) -> socket.socket:
    import ssl

    plain.sendall(_SSL_REQUEST)
    if plain.recv(1) != b"S":
        raise PgError("08P01", "the server does not speak TLS")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)


def _row(body: bytes) -> tuple[str | None, ...]:
    (count,) = struct.unpack_from("!h", body)
    values: list[str | None] = []
    at = 2
    for _ in range(count):
        (size,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return tuple(values)


def _refusal(body: bytes) -> PgError:
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return PgError(fields.get(b"C", ""), fields.get(b"M", "unknown error"))


def _md5_answer(user: str, password: str, salt: bytes) -> bytes:
    inner = hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()
    outer = hashlib.md5(inner.encode() + salt, usedforsecurity=False).hexdigest()
    return b"md5" + outer.encode()


def _salted(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
