"""Renders the variables that a service provides to a slot."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING
from urllib.parse import quote

from unified_test_runner.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unified_test_runner.model import Endpoint

_FIELDS = ("host", "port", "user", "password", "database")


def render(service: str, templates: Mapping[str, str], endpoint: Endpoint) -> dict[str, str]:
    """Return each template with its fields filled in from `endpoint`.

    Fields are quoted where the template is a URL.

    Raises:
        ServiceError: a template names a field that does not exist.
    """
    return {name: _render(service, name, text, endpoint) for name, text in templates.items()}


def _render(service: str, name: str, template: str, endpoint: Endpoint) -> str:
    values = {field: str(getattr(endpoint, field)) for field in _FIELDS}
    if "://" in template:
        quoted = {key: quote(values[key], safe="") for key in ("user", "password", "database")}
        values.update(quoted)
        if ":" in endpoint.host:
            values["host"] = f"[{endpoint.host}]"
    try:
        return string.Formatter().vformat(template, (), values)
    except (KeyError, IndexError, ValueError) as error:
        raise ServiceError(
            service,
            f"cannot fill in the template of {name}: {error}",
            hint=f"the fields are {', '.join('{' + field + '}' for field in _FIELDS)}",
        ) from error
