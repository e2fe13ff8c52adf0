from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.worker.child.utr_child import wire


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_a_message_is_one_line_and_comes_back(fields):
    message = {**fields, "k": "x"}
    line = wire.encode(message)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert wire.decode(line) == message


def test_r20_a_lone_surrogate_comes_back():
    assert wire.decode(wire.encode({"k": "x", "t": "\udc80"}))["t"] == "\udc80"


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b"nonsense", b"null"])
def test_what_is_no_message_is_refused(line):
    with pytest.raises(ValueError):  # noqa: PT011 - json has words of its own
        wire.decode(line)


def test_kinds_are_told_apart():
    kinds = [
        value
        for name, value in vars(wire).items()
        if name.isupper() and isinstance(value, str)
    ]  # fmt: skip
    assert len(kinds) > 15
    assert len(kinds) == len(set(kinds))


@given(st.text(max_size=40), st.integers(2, 20))
def test_r29_the_middle_of_a_long_text_is_cut_out_and_counted(text, limit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "TEXT_LIMIT", limit)
        short = wire.shorten(text)
    if len(text) <= limit:
        assert short == text
        return
    half = limit // 2
    assert short == f"{text[:half]}\n[{len(text) - 2 * half} characters cut]\n{text[-half:]}"


def test_an_ordinary_text_is_left_alone():
    text = "x" * wire.TEXT_LIMIT
    assert wire.shorten(text) is text
    assert len(wire.shorten(text * 3)) < wire.TEXT_LIMIT + 100
