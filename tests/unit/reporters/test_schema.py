from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from unified_test_runner.reporters.schema import events_schema

PACKAGE = Path(__file__).parents[3] / "unified_test_runner" / "reporters"


def test_the_committed_schema_is_fresh(request):
    path = PACKAGE / "events.schema.json"
    text = json.dumps(events_schema(), indent=2) + "\n"
    if request.config.getoption("--update-golden"):
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.parametrize("name", ["events.schema.json", "report.schema.json"])
def test_the_schemas_are_schemas(name):
    jsonschema.Draft202012Validator.check_schema(json.loads((PACKAGE / name).read_text()))


def test_every_line_of_a_log_follows_it(stream_name, log_lines):
    validator = jsonschema.Draft202012Validator(events_schema())
    lines = [line for line in log_lines(stream_name) if line.endswith("\n")]
    assert lines
    for line in lines:
        validator.validate(json.loads(line))


@pytest.mark.parametrize(
    "change",
    [{"seq": 0}, {"v": 2}, {"outcome": "fine"}, {"phases": [{}]}, {"worker": "one"}],
)
def test_what_is_no_event_does_not(change):
    event = {
        "v": 1, "seq": 1, "t_mono": 0.1, "kind": "test_finished", "worker": 1, "nodeid": "a",
        "suite": "s", "outcome": "passed", "duration_s": 0.1,
    }  # fmt: skip
    validator = jsonschema.Draft202012Validator(events_schema())
    assert validator.is_valid(event)
    assert not validator.is_valid({**event, **change})
