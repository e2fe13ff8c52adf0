"""The committed JSON Schema and the committed catalogue agree with the models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from unified_test_runner.catalogue.loading import load_catalogue
from unified_test_runner.catalogue.schema import COMMITTED_PATH, catalogue_schema, schema_text

REPOSITORY = Path(__file__).parents[3]
CATALOGUE = REPOSITORY / "config/catalogue.yaml"


def test_the_committed_schema_is_fresh() -> None:
    committed = (REPOSITORY / COMMITTED_PATH).read_text(encoding="utf-8")
    assert committed == schema_text(), "run python -m unified_test_runner.catalogue.schema"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(catalogue_schema())


def test_the_committed_catalogue_satisfies_the_schema() -> None:
    text = CATALOGUE.read_text(encoding="utf-8")
    jsonschema.Draft202012Validator(catalogue_schema()).validate(yaml.safe_load(text))
    assert text.startswith("# yaml-language-server: $schema=./catalogue.schema.json\n")


def test_r27_the_committed_catalogue_has_no_fault(tmp_path: Path) -> None:
    document = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    for suite in document["suites"].values():
        for path in suite["paths"]:
            (tmp_path / path).mkdir(parents=True)
    (tmp_path / "suites/reference_platform").mkdir()
    catalogue = load_catalogue(CATALOGUE, tmp_path, interpreter="py")
    assert {"user_isolation", "database_management"} <= set(catalogue.suites)
    assert {"postgres", "redis"} <= set(catalogue.services)


GOOD = [
    {"version": 1, "categories": {"unit": None}, "services": {"redis": None}},
    {"version": 1, "suites": {"a": {"paths": ["t"], "services": ["x", {"y": None}]}}},
    {"version": 1, "suites": {"a": {"paths": ["t"], "services": [{"y": {"isolation": "shared"}}]}}},
    {"version": 1, "defaults": {"workers": "auto"}},
    {"version": 1, "defaults": {"workers": 2}, "suites": None},
]
BAD = [
    {},
    {"version": 2},
    {"version": 1, "extra": 1},
    {"version": 1, "defaults": {"workers": 0}},
    {"version": 1, "suites": {"a": {"paths": []}}},
    {"version": 1, "suites": {"a b": {"paths": ["t"]}}},
    {"version": 1, "suites": {"a": {"paths": ["t"], "services": [{"y": 1}]}}},
    {"version": 1, "suites": {"a": {"paths": ["t"], "services": [{"y": {"isolation": "no"}}]}}},
    {"version": 1, "services": {"a": {"kind": "no"}}},
    {"version": 1, "services": {"a": {"provides": {"a-b": "x"}}}},
]


@pytest.mark.parametrize("document", GOOD)
def test_what_the_models_accept_the_schema_accepts(document: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(catalogue_schema()).validate(document)


@pytest.mark.parametrize("document", BAD)
def test_what_the_models_refuse_the_schema_refuses(document: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(catalogue_schema()).is_valid(document)
