from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from unified_test_runner.catalogue.fields import got
from unified_test_runner.catalogue.models import CatalogueModel

GOT = [(None, "nothing"), (True, "true"), (3, "the number 3"), ("x", "'x'"), ([], "a list")]


@pytest.mark.parametrize(("value", "words"), [*GOT, ({}, "a mapping")])
def test_how_a_value_is_named(value: Any, words: str) -> None:
    assert got(value) == words


def test_models_are_frozen() -> None:
    model = CatalogueModel.model_validate({"version": 1})
    with pytest.raises(ValidationError):
        model.version = 1


@pytest.mark.parametrize("version", ["1", 1.0, True, 2, None])
def test_nothing_but_the_number_one_is_the_version(version: Any) -> None:
    with pytest.raises(ValidationError):
        CatalogueModel.model_validate({"version": version})
