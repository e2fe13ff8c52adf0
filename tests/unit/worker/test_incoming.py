from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.errors import ProtocolError
from unified_test_runner.worker.child.utr_child import wire
from unified_test_runner.worker.incoming import LineBuffer, messages
from unified_test_runner.worker.protocol import (
    Received,
    TestBegun,
    TestsPassed,
    UnitEnded,
    parse,
)

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


COSTS = (0.25, 0.125, 10, 20, 30)
PHASES = [0.1, 0.2, 0.0]
MEASURED = (*COSTS, *PHASES)
ENDED = b'{"k":"unit_ended","p":9,"ran":3}'


def begun(index, pid=9, limit_s=None):
    return wire.begun(pid, index, limit_s).rstrip()


def passed(index, following=None, pid=9):
    line = wire.passed(pid, index, COSTS, PHASES)
    return (line if following is None else wire.followed(line, following)).rstrip()


def told(*lines):
    return [item.message for item in messages([*lines], "worker 1")]


def test_tests_that_pass_in_a_row_make_one_message():
    lines = [begun(4), passed(4, 5), passed(5, 6), passed(6), ENDED]
    assert told(*lines) == [
        TestBegun(index=4),
        TestsPassed(first=4, measured=(MEASURED,) * 3),
        UnitEnded(ran=3),
    ]


def test_the_test_that_runs_at_the_end_of_what_has_arrived_is_told():
    assert told(passed(4, 5)) == [TestsPassed(first=4, measured=(MEASURED,), following=5)]
    assert told(passed(5)) == [TestsPassed(first=5, measured=(MEASURED,))]


def test_a_limit_of_its_own_is_told_with_the_start():
    assert told(begun(4, limit_s=2.5)) == [TestBegun(index=4, limit_s=2.5)]


def test_what_a_copy_of_the_worker_writes_is_told_apart():
    found = messages([passed(4, 5), passed(5, 6, pid=77), passed(5, 6)], "worker 1")
    alone = {"measured": (MEASURED,)}
    assert found == [
        Received(pid=9, message=TestsPassed(first=4, following=5, **alone)),
        Received(pid=77, message=TestsPassed(first=5, following=6, **alone)),
        Received(pid=9, message=TestsPassed(first=5, following=6, **alone)),
    ]


@given(st.lists(st.sampled_from([0, 1, 2, 5]), max_size=8), st.data())
def test_nothing_is_lost_however_starts_and_ends_are_joined(indexes, data):
    """What is said of each test is the same as if every line were read alone."""
    joined = data.draw(st.lists(st.booleans(), min_size=len(indexes), max_size=len(indexes)))
    lines = []
    for place, index in enumerate(indexes):
        following = indexes[place + 1] if place + 1 < len(indexes) and joined[place] else None
        if place == 0 or not joined[place - 1]:
            lines.append(begun(index))
        lines.append(passed(index, following))
    happened = []
    for message in told(*lines):
        match message:
            case TestBegun(index=index):
                happened.append(("begun", index))
            case TestsPassed(first=first, measured=measured, following=following):
                for index in range(first, first + len(measured)):
                    happened += [("begun", index)] if index > first else []
                    happened.append(("passed", index))
                happened += [] if following is None else [("begun", following)]
    assert happened == [(word, index) for index in indexes for word in ("begun", "passed")]


BENT = [
    b"[]",
    b"[9]",
    b'[9,"4"]',
    b"[9,4,[]]",
    b"[null,4]",
    b"[9,4,0.25,0.125,10,20,30,0.1,0.2]",
    b"[9,4,0.25,0.125,10,20,30,0.1,0.2,NaN]",
    b"[9,4,0.25,0.125,10,20,30,0.1,0.2,1e999]",
    b'[9,4,0.25,0.125,10,20,30,0.1,0.2,"0"]',
    b"[9,4,0.25,0.125,10,20.5,30,0.1,0.2,0.0]",
    b"[9,[4],0.25,0.125,10,20,30,0.1,0.2,0.0]",
    b"[9,4,0.25,0.125,10,20,30,0.1,0.2,0.0,5.5]",
    b"[9,4,0.25,0.125,10,20,30,0.1,0.2,0.0,5,6]",
    b'["9",4,0.25,0.125,10,20,30,0.1,0.2,0.0,5]',
]


@pytest.mark.parametrize("line", BENT, ids=bytes.decode)
def test_an_array_that_is_no_message_is_named(line):
    for lines in ([line], [begun(4), line, ENDED]):
        with pytest.raises(ProtocolError, match="worker 1 sent what is no message") as caught:
            messages(lines, "worker 1")
        assert repr(line) in str(caught.value)


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
