"""Servers that somebody else runs: databases of our own on them, and nothing else touched."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

from unified_test_runner.events import (
    NoticeGiven,
    ServiceFailed,
    ServiceReady,
    ServiceStopped,
)
from unified_test_runner.kinds import ProviderChoice
from unified_test_runner.model import Isolation, PrepareSpec, Provider, ServiceSpec, ServiceUse
from unified_test_runner.services.holdings import OwnedDatabase, OwnedLogicalDatabase
from unified_test_runner.services.notes import SlotFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

POSTGRES = ServiceSpec(name="postgres", kind="postgres", external="PG_ADDRESS")
REDIS = ServiceSpec(name="redis", kind="redis", external="REDIS_ADDRESS")


@pytest.fixture
def addresses(outside: dict[str, str]) -> dict[str, str]:
    return {"PG_ADDRESS": outside["DATABASE_URL"], "REDIS_ADDRESS": outside["REDIS_URL"]}


@pytest.fixture
def their_redis(outside: dict[str, str]) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(outside["REDIS_URL"], decode_responses=True) as connection:
        yield connection
        connection.flushall()


def test_two_slots_have_databases_on_it_that_are_dropped_at_the_end(
    databases: Callable[[str], set[str]],
    run: Run,
    outside: dict[str, str],
    addresses: dict[str, str],
) -> None:
    before = databases(outside["DATABASE_URL"])
    broker = run.start(POSTGRES, environ=addresses)
    one, two = run.open(1, "postgres"), run.open(2, "postgres")
    names = {one["PGDATABASE"], two["PGDATABASE"]}
    assert databases(outside["DATABASE_URL"]) - before == names
    (ready,) = run.events(ServiceReady)
    assert (ready.provider, ready.reason) == (Provider.EXTERNAL, "PG_ADDRESS is set")
    run.close_slot(1)
    assert databases(outside["DATABASE_URL"]) - before == {two["PGDATABASE"]}
    assert broker.close() == []
    assert databases(outside["DATABASE_URL"]) == before
    assert run.events(ServiceStopped) == []


def test_databases_are_in_the_lease_while_they_exist(run: Run, addresses: dict[str, str]) -> None:
    run.start(POSTGRES, environ=addresses)
    name = run.open(1, "postgres")["PGDATABASE"]
    assert [h.name for h in run.lease.holdings if isinstance(h, OwnedDatabase)] == [name]
    assert run.lease.path.stat().st_mode & 0o777 == 0o600


def test_slots_claim_empty_redis_databases_and_give_them_back(
    run: Run, addresses: dict[str, str], their_redis: redis.Redis
) -> None:
    their_redis.select(1)
    their_redis.set("precious", "1")
    broker = run.start(REDIS, environ=addresses)
    found = [run.open(slot, "redis")["REDIS_URL"] for slot in (1, 2)]
    assert [urlsplit(url).path for url in found] == ["/2", "/3"]
    for url in found:
        with redis.Redis.from_url(url) as connection:
            assert connection.keys("*") == []
            connection.flushdb()
            connection.set("left", "behind")
    assert "publish/subscribe" in run.events(NoticeGiven)[0].message
    assert broker.close() == []
    assert their_redis.info("keyspace") == {"db1": {"keys": 1, "expires": 0, "avg_ttl": 0}}


def test_a_database_emptied_by_a_test_is_not_given_to_another_run(
    new_run: Callable[[], Run], addresses: dict[str, str], their_redis: redis.Redis
) -> None:
    runs = [new_run(), new_run()]
    for each in runs:
        each.start(REDIS, environ=addresses)
    first = runs[0].open(1, "redis")["REDIS_URL"]
    with redis.Redis.from_url(first) as connection:
        connection.flushdb()
    assert runs[1].open(1, "redis")["REDIS_URL"] != first


def test_databases_that_run_out_are_refused(
    run: Run, addresses: dict[str, str], their_redis: redis.Redis
) -> None:
    for number in range(1, 16):
        their_redis.select(number)
        their_redis.set("taken", "1")
    broker = run.start(REDIS, environ=addresses)
    broker.open_slot(1, [ServiceUse(name="redis")])
    assert "no empty database is left among 1 to 15" in run.until(SlotFailed).message
    assert [h for h in run.lease.holdings if isinstance(h, OwnedLogicalDatabase)] == []


def test_shared_gives_all_slots_one_database(
    run: Run, addresses: dict[str, str], their_redis: redis.Redis
) -> None:
    run.start(REDIS, POSTGRES, environ=addresses)
    uses = [ServiceUse(name=name, isolation=Isolation.SHARED) for name in ("redis", "postgres")]
    assert run.open(1, *uses) == run.open(2, *uses)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:hidden@db.example.com/x",
        "postgresql://u:hidden@10.1.2.3:5432/x",
        "postgresql://u:hidden@0.0.0.0/x",
    ],
)
def test_another_machine_is_refused(run: Run, address: str) -> None:
    run.start(POSTGRES, environ={"PG_ADDRESS": address})
    failed = run.until(ServiceFailed)
    assert "which is not this machine" in failed.message
    assert "hidden" not in repr(failed)


def test_wrong_credentials_are_named(run: Run, addresses: dict[str, str]) -> None:
    parts = urlsplit(addresses["PG_ADDRESS"])
    wrong = parts._replace(netloc=f"{parts.username}:hidden@{parts.hostname}:{parts.port}")
    run.start(POSTGRES, environ={"PG_ADDRESS": urlunsplit(wrong)})
    failed = run.until(ServiceFailed)
    assert "password authentication failed" in failed.message
    assert "PG_ADDRESS" in failed.hint
    assert "hidden" not in repr(failed)


def test_wrong_redis_credentials_are_named(run: Run, addresses: dict[str, str]) -> None:
    parts = urlsplit(addresses["REDIS_ADDRESS"])
    wrong = parts._replace(netloc=f":hidden@{parts.hostname}:{parts.port}")
    run.start(REDIS, environ={"REDIS_ADDRESS": urlunsplit(wrong)})
    assert "WRONGPASS" in run.until(ServiceFailed).message


@pytest.mark.parametrize("spec", [POSTGRES, REDIS], ids=lambda spec: spec.name)
def test_an_address_where_nobody_listens_is_named(run: Run, spec: ServiceSpec) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    scheme = "redis" if spec is REDIS else "postgresql"
    run.start(spec, environ={spec.external: f"{scheme}://x:y@localhost:{port}/0"}, within_s=0.2)
    failed = run.until(ServiceFailed)
    assert failed.message == f"nobody answers at localhost:{port}: Connection refused"
    assert spec.external in failed.hint


def test_an_address_that_is_no_url_is_refused_without_being_shown(run: Run) -> None:
    run.start(POSTGRES, environ={"PG_ADDRESS": "mysql://root:hidden@localhost/x"})
    failed = run.until(ServiceFailed)
    assert "scheme 'mysql'" in failed.message
    assert "hidden" not in repr(failed)


def test_a_version_that_does_not_fit_is_refused(run: Run, addresses: dict[str, str]) -> None:
    spec = ServiceSpec(name="postgres", kind="postgres", external="PG_ADDRESS", version="<9")
    run.start(spec, environ=addresses)
    assert "does not meet '<9'" in run.until(ServiceFailed).message


def test_instances_cannot_come_from_an_address(run: Run, addresses: dict[str, str]) -> None:
    broker = run.start(POSTGRES, environ=addresses)
    broker.open_slot(1, [ServiceUse(name="postgres", isolation=Isolation.INSTANCE)])
    failed = run.until(SlotFailed)
    assert "cannot come from an external address" in failed.message


def test_external_without_an_address_says_which_variable_is_missing(run: Run) -> None:
    run.start(POSTGRES, choice=ProviderChoice.EXTERNAL)
    assert run.until(ServiceFailed).message == "PG_ADDRESS is not set"


def test_prepare_of_an_external_redis_is_refused(run: Run, addresses: dict[str, str]) -> None:
    prepare = PrepareSpec(run=("true",))
    spec = ServiceSpec(name="redis", kind="redis", external="REDIS_ADDRESS", prepare=prepare)
    run.start(spec, environ=addresses)
    assert "'prepare' cannot fill" in run.until(ServiceFailed).message


def test_prepare_of_an_external_postgres_reaches_every_slot(
    databases: Callable[[str], set[str]], run: Run, addresses: dict[str, str]
) -> None:
    prepare = PrepareSpec(run=("true",))
    spec = ServiceSpec(name="postgres", kind="postgres", external="PG_ADDRESS", prepare=prepare)
    broker = run.start(spec, environ=addresses)
    names = {run.open(slot, "postgres")["PGDATABASE"] for slot in (1, 2)}
    assert len(names) == 2
    assert broker.close() == []
    left = databases(addresses["PG_ADDRESS"])
    assert [name for name in left if name.endswith("_template") or name in names] == []


def test_a_prepare_that_fails_leaves_no_database(
    databases: Callable[[str], set[str]], run: Run, addresses: dict[str, str]
) -> None:
    before = databases(addresses["PG_ADDRESS"])
    prepare = PrepareSpec(run=("false",))
    spec = ServiceSpec(name="postgres", kind="postgres", external="PG_ADDRESS", prepare=prepare)
    broker = run.start(spec, environ=addresses)
    assert run.until(ServiceFailed).message == "prepare ended with exit status 1"
    assert broker.close() == []
    assert databases(addresses["PG_ADDRESS"]) == before
