from __future__ import annotations

import pytest

from unified_test_runner.errors import ServiceError
from unified_test_runner.kinds import KINDS
from unified_test_runner.model import Endpoint
from unified_test_runner.services.variables import render

ENDPOINT = Endpoint(host="127.0.0.1", port=5432, user="me@home", password="p/w:d", database="d#b")


def test_fields_are_quoted_in_urls_only() -> None:
    templates = {"URL": "x://{user}:{password}@{host}:{port}/{database}", "PLAIN": "{password}"}
    assert render("s", templates, ENDPOINT) == {
        "URL": "x://me%40home:p%2Fw%3Ad@127.0.0.1:5432/d%23b",
        "PLAIN": "p/w:d",
    }


def test_an_address_of_version_six_stands_in_brackets_in_urls_only() -> None:
    endpoint = Endpoint(host="::1", port=1)
    templates = {"URL": "x://{host}:{port}", "PLAIN": "{host}"}
    assert render("s", templates, endpoint) == {"URL": "x://[::1]:1", "PLAIN": "::1"}


def test_redis_without_a_user_has_the_usual_url() -> None:
    endpoint = Endpoint(host="127.0.0.1", port=6379, password="secret", database="0")
    rendered = render("redis", KINDS["redis"].provides, endpoint)
    assert rendered == {"REDIS_URL": "redis://:secret@127.0.0.1:6379/0"}


def test_doubled_braces_are_literal() -> None:
    assert render("s", {"A": '{{"port": {port}}}'}, ENDPOINT) == {"A": '{"port": 5432}'}


@pytest.mark.parametrize("template", ["{hots}", "{}", "{0}", "{", "{port!x}"])
def test_a_template_that_cannot_be_filled_in_names_the_fields(template: str) -> None:
    with pytest.raises(ServiceError, match=r"service 's': cannot fill in .* VAR") as caught:
        render("s", {"VAR": template}, ENDPOINT)
    assert "{host}" in caught.value.hint
    assert "p/w:d" not in str(caught.value)
