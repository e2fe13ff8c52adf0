"""Text that is safe to print: no control characters, nothing the stream cannot encode.

Node ids, messages and captured output come from other people's code. Here they become
harmless; nothing is dropped silently, what cannot be shown is written as an escape.
"""

from __future__ import annotations

import re

#: Control characters, line separators beside `\n`, marks that reorder text, lone surrogates.
_REORDERING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSAFE = f"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_REORDERING}"
_UNSAFE_IN_LINE = re.compile(f"[{_UNSAFE}\t\n]")
_UNSAFE_IN_BLOCK = re.compile(f"[{_UNSAFE}]")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def one_line(text: str) -> str:
    """Return `text` fit for one line: what would move the cursor is written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE_IN_LINE.sub(_escaped, _joined(text))


def block(text: str) -> str:
    """Return `text` fit for several lines: newlines stay, tabs are expanded, colours go."""
    text = uncoloured(text).replace("\r\n", "\n").expandtabs(8)
    return _UNSAFE_IN_BLOCK.sub(_escaped, _joined(text))


def printed_line(text: str) -> str:
    r"""Return a line that a program printed as a terminal would have left it, made harmless.

    Colours go, tabs are expanded, and of a line that was written over (`\r`) its last state
    is shown.
    """
    shown = uncoloured(text).rstrip("\r").rpartition("\r")[2]
    return one_line(shown.expandtabs(8))


def uncoloured(text: str) -> str:
    """Return `text` without the sequences that only set colours; for output, never for names."""
    return _COLOURS.sub("", text)


def xml(text: str) -> str:
    """Return `text` with whatever XML 1.0 cannot hold written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\\r")
    return _NOT_XML.sub(_escaped, _joined(text))


def encodable(text: str, encoding: str) -> str:
    """Return `text` with escapes for what `encoding` has no character for."""
    if text.isascii():
        return text
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")


def tail(text: str, lines: int) -> list[str]:
    """Return the last lines of a block, with a first line that says what was left out."""
    found = block(text).rstrip().split("\n")
    if len(found) <= lines:
        return found
    return [f"[{len(found) - lines} lines before]", *found[-lines:]]


def clipped(text: str, width: int) -> str:
    """Return `text` cut to `width`, marked where it was cut."""
    return text if len(text) <= width else f"{text[: max(0, width - 3)]}..."


def size(count: int) -> str:
    """Return a number of bytes in MiB, e.g. `34.5 MiB`."""
    return f"{count / 1048576:.1f} MiB"


def _escaped(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    return _SHORT.get(char) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004 - one byte


def _joined(text: str) -> str:
    """Make one character of each surrogate pair, as reading a log back does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text
