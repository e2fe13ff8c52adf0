from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping  # noqa: TC003 - the codec reads annotations
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unified_test_runner.catalogue.content import Catalogue
from unified_test_runner.codec import from_plain, to_plain
from unified_test_runner.model import EntryKind, Outcome, PhaseResult, Section, When

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """One field of each shape that the codec knows."""

    text: str
    number: int
    share: float
    is_so: bool
    outcome: Outcome
    phase: PhaseResult
    names: tuple[str, ...]
    pairs: tuple[tuple[str, int], ...]
    by_name: Mapping[str, EntryKind]
    maybe: float | None = None
    later: tuple[Section, ...] = field(default_factory=tuple)


PHASE = PhaseResult(when=When.CALL, outcome="passed", duration_s=0.5)
FULL = Everything(
    text="ä\n", number=-3, share=0.25, is_so=True, outcome=Outcome.FLAKY, phase=PHASE,
    names=("a", "b"), pairs=(("x", 1),), by_name={"f": EntryKind.FILE}, maybe=1.0,
    later=(Section(title="t", text="u"),),
)  # fmt: skip
PLAIN = to_plain(FULL)


def through_json(value):
    return json.loads(json.dumps(to_plain(value)))


@pytest.mark.parametrize("cls", [Everything, PhaseResult, Catalogue])
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_was_written_is_read_back(any_instance, cls, data):
    value = data.draw(any_instance(cls))
    assert from_plain(cls, through_json(value)) == value


def test_fields_that_say_their_default_are_left_out():
    assert to_plain(PHASE) == {"when": "call", "outcome": "passed", "duration_s": 0.5}
    assert to_plain(dataclasses.replace(FULL, maybe=None, later=())).keys() == {
        item.name for item in dataclasses.fields(Everything)
    } - {"maybe", "later"}


def test_plain_values_have_their_plain_types():
    assert type(PLAIN["outcome"]) is str
    assert PLAIN["pairs"] == [["x", 1]]
    assert PLAIN["by_name"] == {"f": "file"}


def test_unknown_fields_are_ignored_at_every_depth():
    newer = {**PLAIN, "colour": 1, "phase": {**PLAIN["phase"], "mood": [1]}}
    assert from_plain(Everything, newer) == FULL


@pytest.mark.parametrize("name", ["text", "number", "phase", "names", "by_name"])
def test_a_missing_field_is_an_error(name):
    with pytest.raises(TypeError):
        from_plain(Everything, {key: PLAIN[key] for key in PLAIN if key != name})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("text", 1), ("text", None), ("text", ["a"]), ("number", "1"), ("number", 1.5),
        ("number", True), ("share", "1"), ("share", True), ("share", 10**400), ("is_so", 1),
        ("outcome", "splendid"), ("outcome", []), ("phase", []), ("phase", "passed"),
        ("names", "ab"), ("names", {"a": 1}), ("names", [1]), ("pairs", [["x"]]),
        ("pairs", [["x", 1, 2]]), ("pairs", ["x1"]), ("by_name", []), ("by_name", {"f": "dir"}),
        ("maybe", "x"), ("later", None),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_shape_is_an_error(name, wrong):
    with pytest.raises((TypeError, ValueError)):
        from_plain(Everything, {**PLAIN, name: wrong})


@pytest.mark.parametrize("cls", [Everything, PhaseResult, Catalogue])
@given(plain=JSON)
def test_no_json_value_raises_anything_but_what_is_documented(cls, plain):
    with pytest.raises((TypeError, ValueError)):
        from_plain(cls, plain)


@given(name=st.sampled_from(sorted(PLAIN)), plain=JSON)
def test_no_value_of_one_field_raises_anything_else(name, plain):
    try:
        read = from_plain(Everything, {**PLAIN, name: plain})
    except (TypeError, ValueError):
        return
    # What was let in is of the right kind: it can be written and read again.
    assert repr(from_plain(Everything, through_json(read))) == repr(read)
