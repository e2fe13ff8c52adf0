"""The JSON Schema of a catalogue, for editors: `python -m unified_test_runner.catalogue.schema`.

Generated from the models, so that editor and runner cannot disagree on shape.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from unified_test_runner.catalogue.models import CatalogueModel
from unified_test_runner.kinds import KINDS

COMMITTED_PATH = "config/catalogue.schema.json"


def catalogue_schema() -> dict[str, Any]:
    """Return the schema, draft 2020-12, as plain data."""
    body = CatalogueModel.model_json_schema()
    _tidy(body)
    service = body["$defs"]["ServiceModel"]["properties"]
    service["kind"]["enum"] = list(KINDS)
    service["embedded"]["enum"] = [
        software.name for kind in KINDS.values() for software in kind.software
    ]
    empty = [section for section in body["properties"].values() if "$ref" not in section]
    empty += [body["$defs"][name] for name in ("CategoryModel", "DefaultsModel", "ServiceModel")]
    for section in empty:
        if section.get("type") == "object":
            section["type"] = ["object", "null"]  # nothing behind the key
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "unified-test-runner catalogue",
    }
    return {**head, **{key: value for key, value in body.items() if key != "title"}}


def schema_text() -> str:
    """Return the schema as it is committed."""
    return json.dumps(catalogue_schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> None:
    """Drop titles that only repeat names, and defaults and nulls that YAML never writes."""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("title"), str):
        del node["title"]
    if node.get("default", ...) is None:
        del node["default"]
    _drop_null(node)
    if "patternProperties" in node:
        node["additionalProperties"] = False
    for item in node.values():
        _tidy(item)


def _drop_null(node: dict[str, Any]) -> None:
    # The models read an absent optional key as None; in the file such a key is just absent.
    choices = node.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        del node["anyOf"]
        node.update(rest[0] if len(rest) == 1 else {"anyOf": rest})


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else COMMITTED_PATH).write_text(
        schema_text(), encoding="utf-8"
    )
