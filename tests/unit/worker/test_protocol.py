from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from unified_test_runner.codec import to_plain
from unified_test_runner.errors import ProtocolError
from unified_test_runner.model import UnitKey
from unified_test_runner.worker import protocol
from unified_test_runner.worker.child.utr_child import wire
from unified_test_runner.worker.protocol import parse

TYPES = protocol._TYPES
UNIT_ENDED = {"k": "unit_ended", "p": 9, "ran": 3}


def line_of(**fields):
    return wire.encode(fields).rstrip(b"\n")


@pytest.mark.parametrize("kind", TYPES)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_message_is_understood(any_instance, kind, data):
    message = data.draw(any_instance(TYPES[kind]))
    received = parse(line_of(**{"p": 41, **to_plain(message), "k": kind}), "worker 1")
    assert received.message == message
    assert received.pid == 41


def test_every_message_has_a_kind_of_the_wire_format():
    defined = {
        value
        for value in vars(protocol).values()
        if isinstance(value, type) and issubclass(value, protocol.Message)
    }
    # Two are sent as arrays, which have no kind.
    short = {protocol.TestBegun, protocol.TestsPassed}
    assert defined - {protocol.Message} - short == {*TYPES.values()}
    for cls in TYPES.values():
        assert {"k", "p"}.isdisjoint(item.name for item in dataclasses.fields(cls))


def test_a_template_writes_no_pid():
    assert parse(b'{"k":"forked","worker":1,"pid":5}', "template").pid == 0


def test_a_walk_speaks_of_units_by_key():
    message = parse(b'{"k":"walked","units":[["a.py","Module",1]],"startup_s":0}', "w").message
    assert message.keys == (UnitKey(path="a.py", collector="Module", ordinal=1),)


MALFORMED = [
    b"", b"{", b"[]", b"null", b"7", b'"k"', b"{}", b'{"p":1}', b'{"k":null}', b'{"k":[]}',
    b'{"k":"hullo"}', b'{"k":"unit_ended"}', b'{"k":"unit_ended","ran":"3"}',
    b'{"k":"unit_ended","ran":3,"p":[1]}', b'{"k":"unit_ended","ran":3,"p":null}',
    b'{"k":"unit_ended","ran":3,"p":"9"}', b'{"k":"test_started"}',
    b'{"k":"unit_collected","ids":"ab","deselected":0,"duration_s":0}',
    b'{"k":"walked","units":[["a.py"]],"startup_s":0}',
    b'{"k":"walked","units":[],"startup_s":1' + b"0" * 400 + b"}",
    b"\xff\xfe", b"\x00" * 9, b"[" * 100_000, b"1" * 5000, line_of(**UNIT_ENDED)[:-1],
    line_of(**UNIT_ENDED) * 2,
]  # fmt: skip


@pytest.mark.parametrize("line", MALFORMED, ids=lambda line: repr(line[:40]))
def test_a_malformed_line_is_an_error_that_names_its_sender(line):
    with pytest.raises(ProtocolError, match="worker 3 sent what is no message") as caught:
        parse(line, "worker 3")
    assert len(str(caught.value)) < 800


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@st.composite
def bent_lines(draw):
    """A message of ours in which anything may stand where a field was."""
    cls = draw(st.sampled_from([*TYPES.items()]))
    names = [item.name for item in dataclasses.fields(cls[1])]
    fields = {name: draw(JSON) for name in names}
    return json.dumps({"k": cls[0], "p": draw(JSON), **fields}).encode()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60) | bent_lines())
@example(b'{"k":"finished","p":{},"rss_bytes":1}')
def test_no_bytes_raise_anything_else(line):
    try:
        received = parse(line, "worker 3")
    except ProtocolError:
        return
    assert type(received.pid) is int
    assert type(received.message) in TYPES.values()
