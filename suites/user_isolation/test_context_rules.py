"""An identity is complete, real and unchangeable, or there is no context at all.

These rules hold before any server is asked, so these tests need none.

Segment: All
Business Goal: No request runs under a made-up, empty or altered identity
Value Impact: Whatever is stored can be traced to the one person it belongs to
Strategic Impact: A placeholder that reaches production merges users, which audits must exclude
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from suites.reference_platform.errors import ContextDepthError, InvalidContextError
from suites.user_isolation.builders import context_for

if TYPE_CHECKING:
    from suites.reference_platform.contexts import UserExecutionContext

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

PLACEHOLDERS = ["default", "test", "none", "null", "undefined", "unknown", "None", " TEST "]
MALFORMED = ["", "   ", " padded", "line\nbreak", "nul\x00", "x" * 129, 7, None]


@pytest.mark.parametrize("field", ["user_id", "thread_id", "run_id", "request_id"])
async def test_no_field_takes_a_placeholder(field: str) -> None:
    """Each of the 4 ids refuses 8 placeholders and 8 malformed values, naming the field."""

    def with_id(value: Any) -> UserExecutionContext:
        changes: dict[str, Any] = {field: value}
        return replace(context_for("somebody"), **changes)

    for value in (*PLACEHOLDERS, *MALFORMED):
        with pytest.raises(InvalidContextError, match=f"^{field}: "):
            with_id(value)
    assert getattr(with_id("x" * 128), field) == "x" * 128


async def test_context_cannot_be_changed(tag: str) -> None:
    """Every field refuses assignment, and so does the metadata."""
    context = context_for(tag, metadata={"plan": "pro"})
    for field in ("user_id", "thread_id", "run_id", "request_id", "depth", "metadata"):
        with pytest.raises(FrozenInstanceError):
            setattr(context, field, "other")
    with pytest.raises(TypeError):
        context.metadata["plan"] = "free"  # type: ignore[index]
    assert (context.user_id, dict(context.metadata)) == (tag, {"plan": "pro"})


async def test_child_inherits_identity_under_a_new_request(tag: str) -> None:
    """A child keeps user, thread, run and metadata; 100 children have 100 new request ids."""
    parent = context_for(tag, metadata={"plan": "pro"})
    children = [parent.child("step") for _ in range(100)]
    for child in children:
        assert (child.user_id, child.thread_id, child.run_id) == (
            parent.user_id,
            parent.thread_id,
            parent.run_id,
        )
        assert (child.parent_request_id, child.depth) == (parent.request_id, 1)
        assert child.metadata == {"plan": "pro"}
    assert len({parent.request_id, *(child.request_id for child in children)}) == 101


@pytest.mark.parametrize("depth", [-1, 11])
async def test_depth_outside_the_limit_is_refused(depth: int, tag: str) -> None:
    """Depth goes from 0 to 10 however a context is made, so -1 and 11 are refused."""
    assert [context_for(tag, depth=good).depth for good in (0, 10)] == [0, 10]
    with pytest.raises(ContextDepthError, match=f"depth {depth} "):
        replace(context_for(tag), depth=depth)


async def test_audit_trail_tells_the_whole_way(tag: str) -> None:
    """A grandchild's trail holds 3 entries in order; its ancestors' trails stay as they were."""
    parent = context_for(tag).noting("accepted")
    child = parent.child("triage")
    grandchild = child.child("answer")
    assert [(entry.action, entry.request_id) for entry in grandchild.audit_trail] == [
        ("accepted", parent.request_id),
        ("triage", child.request_id),
        ("answer", grandchild.request_id),
    ]
    times = [entry.at for entry in grandchild.audit_trail]
    assert times == sorted(times)
    assert {at.utcoffset() is not None for at in times} == {True}
    assert (len(parent.audit_trail), len(child.audit_trail)) == (1, 2)


async def test_metadata_is_out_of_reach(tag: str) -> None:
    """Neither the mapping given in, nor what is read out, nor a child's, changes a context."""
    given = {"filters": {"colours": ["red"]}}
    context = context_for(tag, metadata=given)
    child = context.child("step")
    given["filters"]["colours"].append("given")
    for reader in (context, child):
        read = cast("dict[str, list[str]]", reader.metadata["filters"])
        read["colours"].append("read")
        for value in reader.metadata.values():
            cast("dict[str, list[str]]", value).clear()
    assert context.metadata == child.metadata == {"filters": {"colours": ["red"]}}


@pytest.mark.parametrize("key", ["user_id", "request_id", "audit_trail", " User_ID"])
async def test_metadata_cannot_shadow_identity(key: str, tag: str) -> None:
    """Reserved names are refused as metadata keys, however written; others are welcome."""
    with pytest.raises(InvalidContextError, match="reserved keys"):
        context_for(tag, metadata={"plan": "pro", key: "somebody-else"})
    assert context_for(tag, metadata={"user_name": "Ada"}).metadata["user_name"] == "Ada"
