"""The wire format between the runner and its workers: JSON lines, one value a line.

Both sides import this file, so it holds names and encoding only. A message is an object with
a `k` (its kind); one from a worker also has `p`, the pid of the process that wrote it, so that
a record written by a fork inside a test is told apart. The two messages that nearly every test
sends are arrays instead, which are made and read in a third of the time: `begun` and `passed`.
"""

from __future__ import annotations

import json
import zlib

#: Raised when a message changes its meaning; both sides refuse to talk across versions.
VERSION = 1

#: Exit status of a worker in which pytest could not be configured or ended in its own error.
REFUSED = 4

# Runner to template.
PREPARE = "prepare"
FORK = "fork"
# Template to runner.
TEMPLATE_HELLO = "template_hello"
FORKED = "forked"
EXITED = "exited"
# Runner to worker.
RUN = "run"
FINISH = "finish"
DRAIN = "drain"
STEAL = "steal"
# Worker to runner.
HELLO = "hello"
CONFIGURE_FAILED = "configure_failed"
MISFIT = "misfit"
WALKED = "walked"
ENTRY = "entry"
UNIT_UNKNOWN = "unit_unknown"
UNIT_DIFFERS = "unit_differs"
GIVEN = "given"
KEPT = "kept"
UNIT_STARTED = "unit_started"
UNIT_COLLECTED = "unit_collected"
TEST_STARTED = "test_started"
TEST_ENDED = "test_ended"
LATE_ERROR = "late_error"
UNIT_ENDED = "unit_ended"
WARNING = "warning"
LEAK = "leak"
STOPPED = "stopped"
FINISHED = "finished"
PLUGINS_TOLD = "plugins_told"

#: So many items has the array that says that a test passed. The one of its start has fewer, the
#: one that says besides that another one has begun has one more.
PASSED_ITEMS = 10

#: Exit status of a worker whose channel was closed or replaced by the test it ran.
CHANNEL_LOST = 171

#: A text longer than this is cut in the middle before it is sent.
TEXT_LIMIT = 2 * 1024 * 1024


class _Encoder(json.JSONEncoder):
    """Holds what it needs, so that a test which replaces parts of `json` harms only itself."""

    encode = json.JSONEncoder.encode
    iterencode = json.JSONEncoder.iterencode


class _Decoder(json.JSONDecoder):
    decode = json.JSONDecoder.decode
    raw_decode = json.JSONDecoder.raw_decode


_encode = _Encoder(separators=(",", ":")).encode
_decode = _Decoder().decode


def encode(message: dict[str, object]) -> bytes:
    """Return one line. ASCII, so a lone surrogate in any text travels unharmed."""
    return _encode(message).encode("ascii") + b"\n"


def begun(pid: int, index: int, limit_s: float | None) -> bytes:
    """Return the line of a test's start, as it was told of when its unit was collected.

    `limit_s` is its own time limit.
    """
    return b"[%d,%d]\n" % (pid, index) if limit_s is None else _array(pid, index, limit_s)


def passed(
    pid: int,
    index: int,
    measured: tuple[float, float, int, int, int],
    phases_s: list[float],
) -> bytes:
    """Return the line of the end of a test that passed without a word.

    Args:
        pid: of the worker.
        index: the test's number in its unit.
        measured: seconds of wall and of processor time, then bytes of resident memory before
            the test and after it, and of the highest mark so far.
        phases_s: seconds of set-up, call and teardown.
    """
    return _array(pid, index, *measured, *phases_s)


def followed(line: bytes, index: int) -> bytes:
    """Return the line of the end of a test and of the start of another one."""
    return b"%b,%d]\n" % (line[:-2], index)


def _array(*items: float) -> bytes:
    return ascii([*items]).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, object]:
    """Return the message of one line.

    Raises:
        ValueError: not a JSON object with a `k`.
    """
    message = _decode(line.decode())
    if not isinstance(message, dict) or "k" not in message:
        raise ValueError(f"no message: {line[:80]!r}")
    return message


def mark(worker: int) -> int:
    """Return the byte by which a worker rings."""
    return worker % 256


def checksum(ids: list[str] | tuple[str, ...]) -> int:
    """Return what tells one list of node ids from another."""
    return zlib.crc32("\n".join(ids).encode("utf-8", "surrogatepass"))


def shorten(text: str) -> str:
    """Cut the middle out of a text beyond `TEXT_LIMIT` characters, saying so."""
    if len(text) <= TEXT_LIMIT:
        return text
    half = TEXT_LIMIT // 2
    cut = len(text) - 2 * half
    return f"{text[:half]}\n[{cut} characters cut]\n{text[-half:]}"
