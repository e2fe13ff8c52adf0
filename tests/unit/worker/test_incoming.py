from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.errors import ProtocolError
from unified_test_runner.worker.incoming import LineBuffer, messages
from unified_test_runner.worker.protocol import parse

PASSED = (
    b'{"k":"test_ended","p":1,"passed":[0.1,0.2,0],"duration_s":1.5,"cpu_s":0.5,'
    b'"rss_before_bytes":1,"rss_after_bytes":2,"peak_rss_bytes":3}'
)
LINES = st.sampled_from(
    [
        b'{"k":"unit_ended","p":9,"ran":3}',
        b'{"k":"unit_started","p":9}',
        PASSED,
        b"",
        b"1,2",
        b"{}",
        b'{"k":"unit_ended","p":9,"ran":3},{"k":"unit_ended","p":9,"ran":3}',
        b'{"k":"unit_ended","p":9,',
        b'"ran":3}',
        b"]",
    ]
)


def outcome_of(read):
    try:
        return read()
    except ProtocolError as error:
        return str(error)


@given(st.lists(LINES, max_size=6))
def test_many_lines_at_once_mean_what_they_mean_one_by_one(lines):
    at_once = outcome_of(lambda: messages(lines, "worker 1"))
    assert at_once == outcome_of(lambda: [parse(line, "worker 1") for line in lines])


def test_the_faulty_line_is_named_among_sound_ones():
    with pytest.raises(ProtocolError, match=r"worker 1 sent what is no message: .*rubbish"):
        messages([b'{"k":"unit_started","p":9}', b"rubbish"], "worker 1")


@given(st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b""))), st.data())
def test_lines_come_out_whole_whatever_the_chunks(lines, data):
    stream = b"".join(line + b"\n" for line in lines)
    buffer, found, place = LineBuffer(), [], 0
    while place < len(stream):
        end = data.draw(st.integers(place + 1, len(stream)))
        found += buffer.feed(stream[place:end])
        place = end
    assert found == lines
    assert buffer.feed(b"\n") == [b""]


def test_a_line_without_its_end_is_kept_back():
    buffer = LineBuffer()
    assert buffer.feed(b"one\ntw") == [b"one"]
    assert buffer.feed(b"o") == []
    assert buffer.feed(b"\nthree") == [b"two"]
