from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.reporters import text

ANY = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("plain [bold]", "plain [bold]"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("\ud800", "\\ud800"),
        ("\ud83d\ude00", "😀"),
        ("\u202eabc\u2028", "\\u202eabc\\u2028"),
        ("日本語 é", "日本語 é"),
    ],
)
def test_one_line(raw, line):
    assert text.one_line(raw) == line


def test_a_block_keeps_its_lines_and_loses_its_colours():
    assert text.block("\x1b[1;31ma\x1b[0m\r\n\tb\x1b[2J") == "a\n        b\\x1b[2J"


@given(ANY)
def test_nothing_that_moves_a_cursor_is_left(raw):
    for safe in (text.one_line(raw), text.block(raw).replace("\n", "")):
        assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in safe)
        safe.encode("utf-8")


@given(ANY, st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8", "no-such-encoding"]))
def test_everything_can_be_encoded(raw, encoding):
    shown = text.encodable(text.one_line(raw), encoding)
    shown.encode("ascii" if encoding == "no-such-encoding" else encoding)


def test_a_tail_says_what_it_leaves_out():
    assert text.tail("a\nb\nc\n", 2) == ["[1 lines before]", "b", "c"]
    assert text.tail("a\nb\n", 2) == ["a", "b"]


@pytest.mark.parametrize(("width", "cut"), [(5, "abcde"), (4, "a..."), (3, "...")])
def test_clipped(width, cut):
    assert text.clipped("abcde", width) == cut
