"""Pydantic's errors to faults with places, in this program's own words."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from unified_test_runner.catalogue.faults import Faults, Place, nearest
from unified_test_runner.catalogue.fields import got
from unified_test_runner.catalogue.models import (
    NOT_YET,
    CatalogueModel,
    CategoryModel,
    DefaultsModel,
    LimitsModel,
    PrepareModel,
    ServiceModel,
    ServiceUseModel,
    SuiteModel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from unified_test_runner.catalogue.document import Node

Location: TypeAlias = "tuple[int | str, ...]"

_KEY_MARK = "[key]"  # how pydantic marks an error of a mapping's key

_WANTED: Mapping[str, str] = MappingProxyType(
    {
        "string_type": "text",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "list_type": "a list",
        "dict_type": "a mapping",
        "model_type": "a mapping",
        "model_attributes_type": "a mapping",
        "string_too_short": "text that is not empty",
        "too_short": "at least one item",
    }
)
_ENTRY_MODELS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"categories": CategoryModel, "services": ServiceModel, "suites": SuiteModel}
)


def add_shape_faults(error: ValidationError, tree: Node, faults: Faults) -> None:
    """Add a fault for each error of `error`, at its place in `tree`."""
    for detail in error.errors(include_url=False):
        loc: Location = detail["loc"]
        key, value = _places(tree, tuple(part for part in loc if part != _KEY_MARK))
        message, hint, at_key = _describe(detail, loc)
        faults.add(key if at_key else value, message, hint)


def _places(tree: Node, loc: Location) -> tuple[Place, Place]:
    """Return the places of the key and of the value at `loc`, or of the last part found."""
    node, key = tree, tree.place
    for before, part in zip((None, *loc), loc, strict=False):
        if isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            key = node.place
            continue
        if isinstance(before, int) and part not in node.entries and len(node.entries) == 1:
            # `{redis: {isolation: …}}` is unfolded by its model: step into its one entry.
            (entry,) = node.entries.values()
            node, key = entry.node, entry.place
        entry_found = node.entries.get(part) if isinstance(part, str) else None
        if entry_found is None:
            break
        node, key = entry_found.node, entry_found.place
    return key, node.place


def _describe(detail: ErrorDetails, loc: Location) -> tuple[str, str, bool]:
    """Return message, hint, and whether the fault lies in the key."""
    if loc and loc[-1] == _KEY_MARK:
        return f"'{loc[-2]}' is no valid name", "letters, digits, '_', '.' and '-'", True
    if detail["type"] == "extra_forbidden":
        return (*_unknown_key(loc), True)
    if detail["type"] == "missing":
        hint = "write 'version: 1'" if loc == ("version",) else ""
        return f"{_subject(loc)} is missing", hint, True
    return (*_wrong_value(detail, _subject(loc)), False)


def _wrong_value(detail: ErrorDetails, subject: str) -> tuple[str, str]:
    code, value = detail["type"], detail["input"]
    if code == "literal_error":
        return _wrong_word(detail, subject)
    if code == "wanted":
        return f"{subject} {detail['msg']}" if "ctx" in detail else detail["msg"], ""
    if code == "string_pattern_mismatch":
        return f"{subject} wants a name, got {got(value)}", ""
    if wanted := _WANTED.get(code):
        return f"{subject} wants {wanted}, got {_got(code, value)}", _how(wanted, value)
    return f"{subject}: {detail['msg'].lower()}", ""


def _subject(loc: Location) -> str:
    if loc and isinstance(loc[-1], int):
        named = next((part for part in reversed(loc) if isinstance(part, str)), "")
        return f"item {loc[-1] + 1} of '{named}'"
    return f"'{loc[-1]}'" if loc else "the catalogue"


def _got(code: str, value: Any) -> str:
    return "none" if code == "too_short" else got(value)


def _how(wanted: str, value: Any) -> str:
    if wanted == "text" and isinstance(value, (bool, int, float)):
        return "write it in quotes"
    if wanted == "a list" and isinstance(value, str):
        return f"write [{value}]"
    return ""


def _wrong_word(detail: ErrorDetails, subject: str) -> tuple[str, str]:
    value = detail["input"]
    if subject == "'version'":
        return f"'version' wants 1, got {got(value)}", "this runner reads version 1"
    words = [
        word.strip("'") for word in detail["ctx"]["expected"].replace(" or ", ", ").split(", ")
    ]
    message = f"{subject} wants {', '.join(words[:-1])} or {words[-1]}, got {got(value)}"
    hint = nearest(value, words) if isinstance(value, str) else ""
    return message, hint if hint.startswith("did") else ""


def _unknown_key(loc: Location) -> tuple[str, str]:
    key, owner = str(loc[-1]), loc[:-1]
    section = str(owner[0]) if owner else ""
    model = _model_of(owner)
    if model in {DefaultsModel, *_ENTRY_MODELS.values()} and key in NOT_YET.get(section, ()):
        return f"'{key}' is not supported by this version yet", ""
    known = [
        name for name in model.model_fields if not (model is ServiceUseModel and name == "name")
    ]
    return f"unknown key '{key}'", nearest(key, known)


def _model_of(owner: Location) -> type[BaseModel]:
    if not owner:
        return CatalogueModel
    if owner == ("defaults",):
        return DefaultsModel
    if owner == ("defaults", "limits") or (owner[0] == "suites" and owner[2:] == ("limits",)):
        return LimitsModel
    if owner[-1] == "prepare" and owner[0] == "services":
        return PrepareModel
    if owner[0] == "suites" and "services" in owner[2:]:
        return ServiceUseModel
    return _ENTRY_MODELS[str(owner[0])]
