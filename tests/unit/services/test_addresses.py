from __future__ import annotations

import pytest

from unified_test_runner.errors import ServiceError
from unified_test_runner.kinds import KINDS
from unified_test_runner.model import Endpoint, ServiceSpec
from unified_test_runner.services.addresses import external_address, is_loopback

SPEC = ServiceSpec(name="db", kind="postgres", external="ADDRESS")


def read(url: str, kind: str = "postgres") -> Endpoint:
    return external_address(SPEC, KINDS[kind], {"ADDRESS": url}).endpoint


def test_all_parts_are_read_and_unquoted() -> None:
    found = read("postgresql+asyncpg://me%40home:p%2Fw@127.0.0.1:6000/data%20base")
    assert found == Endpoint(
        host="127.0.0.1", port=6000, user="me@home", password="p/w", database="data base"
    )


def test_the_usual_port_is_the_default() -> None:
    assert read("postgres://localhost").port == 5432
    assert read("redis://localhost/2", "redis") == Endpoint(
        host="localhost", port=6379, database="2"
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://localhost/x", False),
        ("postgres://localhost/x?sslmode=prefer", False),
        ("postgres://localhost/x?sslmode=require", True),
    ],
)
def test_tls_is_used_where_the_url_insists(url: str, expected: bool) -> None:
    assert external_address(SPEC, KINDS["postgres"], {"ADDRESS": url}).wants_tls is expected


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:hidden@localhost/x", "scheme 'mysql'"),
        ("rediss://u:hidden@localhost/0", "scheme 'rediss'"),
        ("hidden", "scheme ''"),
        ("postgres:///x?password=hidden", "names no host"),
        ("postgres://u:hidden@localhost:many/x", "does not hold a URL"),
        ("postgres://u:hidden@[::1/x", "does not hold a URL"),
        ("postgres://u:hidden@db.internal/x", "'db.internal', which is not this machine"),
        ("postgres://u:hidden@127.0.0.1.example.com/x", "is not this machine"),
    ],
)
def test_what_cannot_be_used_is_refused_without_showing_it(url: str, message: str) -> None:
    with pytest.raises(ServiceError, match="ADDRESS") as caught:
        read(url)
    assert message in caught.value.message
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.168.0.1", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_an_endpoint_never_shows_its_password() -> None:
    assert "hidden" not in repr(read("postgres://u:hidden@localhost/x"))
