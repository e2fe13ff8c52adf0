from __future__ import annotations

import contextlib
import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unified_test_runner import events
from unified_test_runner.events import (
    EVENT_TYPES,
    NoticeGiven,
    Stamped,
    decode,
    encode,
    encode_each,
)
from unified_test_runner.model import ExitCode

NOTICE = Stamped(seq=7, t_mono=1.5, event=NoticeGiven(level="info", message="hello"))


@pytest.mark.parametrize("cls", EVENT_TYPES)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), seq=st.integers(min_value=1), t_mono=st.floats(0, 1e6))
def test_every_event_is_read_back_from_its_line(any_instance, cls, data, seq, t_mono):
    stamped = Stamped(seq=seq, t_mono=round(t_mono, 6), event=data.draw(any_instance(cls)))
    line = encode(stamped)
    assert line.isascii()
    assert "\n" not in line
    assert decode(line) == stamped


def test_kinds_are_told_apart_and_fields_do_not_hide_the_head_of_a_line():
    assert len({cls.kind for cls in EVENT_TYPES}) == len(EVENT_TYPES)
    assert all(cls.kind for cls in EVENT_TYPES)
    head = {"v", "seq", "t_mono", "kind"}
    for cls in EVENT_TYPES:
        assert head.isdisjoint(item.name for item in dataclasses.fields(cls))


def test_every_event_defined_is_one_that_readers_know():
    defined = {
        value
        for value in vars(events).values()
        if isinstance(value, type) and issubclass(value, events.Event)
    }
    # Tests that passed in a row are written one by one.
    assert defined - {events.Event, events.TestsPassed} == {*EVENT_TYPES}


def test_a_line_has_its_head_first():
    assert json.loads(encode(NOTICE)) == {
        "v": 1, "seq": 7, "t_mono": 1.5, "kind": "notice", "level": "info", "message": "hello",
    }  # fmt: skip
    assert list(json.loads(encode(NOTICE)))[:4] == ["v", "seq", "t_mono", "kind"]


def test_times_are_kept_to_the_microsecond():
    assert decode(encode(dataclasses.replace(NOTICE, t_mono=1 / 3))).t_mono == 0.333333


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\udc80\udc81", "é\udcc3"])
def test_r20_lone_surrogates_travel_unharmed(text):
    stamped = dataclasses.replace(NOTICE, event=NoticeGiven(level="info", message=text))
    assert encode(stamped).isascii()
    assert decode(encode(stamped)) == stamped


def test_kinds_of_later_versions_are_passed_over():
    assert decode('{"v":2,"seq":1,"t_mono":0,"kind":"moon_risen"}') is None


def test_fields_of_later_versions_are_ignored():
    line = json.dumps({**json.loads(encode(NOTICE)), "mood": {"good": True}})
    assert decode(line) == NOTICE


def test_an_exit_code_is_a_number_in_the_log_and_a_member_afterwards():
    stamped = Stamped(seq=1, t_mono=0.0, event=events.RunFinished(exit_code=5, duration_s=1.0))
    read = decode(encode(stamped))
    assert read.event.exit_code is ExitCode.NOTHING_RAN


@pytest.mark.parametrize(
    "line",
    [
        "", "{", "[]", "null", "3", '"notice"', "\x00", "{}", '{"kind":["notice"]}',
        '{"kind":"notice"}',
        '{"kind":"notice","seq":1,"t_mono":0}',
        '{"kind":"notice","seq":1,"t_mono":"soon","level":"info","message":"m"}',
        '{"kind":"notice","seq":null,"t_mono":0,"level":"info","message":"m"}',
        '{"kind":"notice","seq":1,"t_mono":1' + "0" * 400 + ',"level":"info","message":"m"}',
        '{"kind":"run_finished","seq":1,"t_mono":0,"exit_code":99,"duration_s":1}',
        '{"kind":"notice","seq":1,"t_mono":0,"level":"info","message":["m"]}',
        "[" * 100_000,
        encode(NOTICE)[:-1],
    ],
    ids=lambda line: line[:30],
)  # fmt: skip
def test_a_corrupt_line_is_a_value_error(line):
    with pytest.raises(ValueError, match="not an event"):
        decode(line)


@given(st.text(max_size=40) | st.integers(0, 80).map(lambda end: encode(NOTICE)[:end]))
def test_no_text_raises_anything_else(line):
    with contextlib.suppress(ValueError):
        assert decode(line) in (None, NOTICE)


FINITE = st.floats(0, 1e6, allow_nan=False).map(lambda value: round(value, 6))
SIZES = st.integers(0, 2**40)
TEXTS = st.text(st.characters(), max_size=8)
MEASURED = st.tuples(FINITE, FINITE, SIZES, SIZES, SIZES, FINITE, FINITE, FINITE)
PASSED = st.lists(st.tuples(TEXTS, st.integers(0, 9999), TEXTS, TEXTS, MEASURED), min_size=1)


@given(PASSED, st.none() | TEXTS, TEXTS, st.integers(1, 10**6))
def test_tests_that_passed_in_a_row_are_written_one_by_one(tests, category, text, seq):
    nodeids, lines, classnames, names, measured = zip(*tests, strict=True)
    event = events.TestsPassed(
        worker=3, suite=text, category=category, path=text, nodeids=nodeids, lines=lines,
        classnames=classnames, names=names, measured=measured,
    )  # fmt: skip
    written = encode_each(Stamped(seq=seq, t_mono=1.25, event=event), event)
    assert all(line.isascii() for line in written)
    assert [decode(line) for line in written] == [
        Stamped(seq=seq + n, t_mono=1.25, event=each) for n, each in enumerate(event.each())
    ]
