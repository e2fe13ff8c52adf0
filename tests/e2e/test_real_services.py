"""Real servers: each worker on databases of its own, and nobody else's ever reached."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Make = Callable[..., Any]

CATALOGUE = """
    version: 1
    services:
      postgres:
        embedded: postgresql
        prepare: {run: "{python} schema.py", inputs: [schema.py]}
      redis: {embedded: redis}
    suites:
      stored: {paths: [tests], services: [postgres, redis]}
    """
FILES = {
    "config/catalogue.yaml": CATALOGUE,
    "schema.py": """
        import os, urllib.parse, pg8000.native
        def connect():
            url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
            return pg8000.native.Connection(
                url.username, password=url.password, host=url.hostname, port=url.port,
                database=url.path.lstrip("/"))
        if __name__ == "__main__":
            connection = connect()
            connection.run("CREATE TABLE seen (file text)")
            connection.close()
            with open("prepared", "a") as log:
                log.write("once\\n")
        """,
    # Read while it is imported, as much real code does.
    "settings.py": "import os\nDATABASE_URL = os.environ['DATABASE_URL']\n",
    "tests/conftest.py": """
        import os, pathlib, sys
        sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
        FROM_CONFTEST = os.environ["DATABASE_URL"]
        """,
}
TEST = """
    import ctypes, os, time, pathlib
    import redis, conftest, schema, settings

    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    FROM_C = libc.getenv(b"DATABASE_URL").decode()
    PG_FROM_C = libc.getenv(b"PGPORT").decode()

    def test_all_readers_see_this_slots_database(record_property):
        url = os.environ["DATABASE_URL"]
        assert {conftest.FROM_CONFTEST, settings.DATABASE_URL, FROM_C} == {url}
        assert f":{PG_FROM_C}/" in url
        record_property("database", url.rpartition("/")[2])

    def test_rows_and_keys_of_other_workers_are_not_there():
        connection = schema.connect()
        try:
            connection.run("INSERT INTO seen VALUES (:f)", f=__file__)
            files = [row[0] for row in connection.run("SELECT file FROM seen")]
        finally:
            connection.close()
        keys = redis.Redis.from_url(os.environ["REDIS_URL"])
        with keys:
            keys.rpush("seen", __file__)
            kept = [item.decode() for item in keys.lrange("seen", 0, -1)]
        here = pathlib.Path("slots") / os.environ["UTR_SLOT"]
        here.mkdir(parents=True, exist_ok=True)
        (here / pathlib.Path(__file__).stem).touch()
        known = {path.name for path in here.iterdir()}
        assert {pathlib.Path(file).stem for file in files} == known
        assert {pathlib.Path(file).stem for file in kept} == known

    def test_no_worker_is_left_without_work():
        # Until every slot has begun, nobody goes on: so all of them take part.
        deadline = time.monotonic() + 60
        while len(list(pathlib.Path("slots").iterdir())) < int(os.environ["SLOTS"]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    """


class Stranger:
    """A developer's own server: counts who connects, and answers nobody."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if connection.recv(4) == b"stop":
                    return
                self.connections += 1

    def close(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"stop")
        self._thread.join()
        self._listener.close()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    server = Stranger()
    yield server
    server.close()


def developers_environment(port: int) -> dict[str, str]:
    return {
        "DATABASE_URL": f"postgresql://dev:dev@127.0.0.1:{port}/dev",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "PGUSER": "dev",
        "PGPASSWORD": "dev",
        "PGDATABASE": "dev",
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
    }


@pytest.mark.parametrize("workers", [2, 8])
def test_r36_each_worker_uses_its_own_slots_servers_and_never_the_developers(
    project: Make, stranger: Stranger, workers: int
) -> None:
    made = project({**FILES, **{f"tests/test_{n}.py": TEST for n in range(8)}})
    result = made.run(
        "--real-services",
        "-n",
        str(workers),
        SLOTS=str(workers),
        **developers_environment(stranger.port),
    )
    assert result.exit_code == 0, result
    assert result.counts == {"passed": 24}
    assert stranger.connections == 0
    databases = {
        (event["worker"], dict(event["properties"])["database"])
        for event in result.of_kind("test_finished")
        if event.get("properties")
    }
    assert len({database for _, database in databases}) == workers, "a database for each worker"
    assert len(databases) == workers, "and each worker stays on its own"
    assert (made.root / "prepared").read_text().splitlines() == ["once"]


def test_r36_without_real_services_nobody_reaches_the_developers_server_either(
    project: Make, stranger: Stranger
) -> None:
    made = project(
        {
            **FILES,
            "config/catalogue.yaml": CATALOGUE.replace("[tests]", "[tests/stored]"),
            "tests/stored/test_stored.py": "def test_stored(): pass\n",
            "tests/test_pure.py": """
                import os
                def test_nothing_to_connect_to():
                    assert not [n for n in os.environ if n.startswith("PG")]
                    assert "DATABASE_URL" not in os.environ
                    assert "REDIS_URL" not in os.environ
                """,
            "tests/conftest.py": "",
        }
    )
    result = made.run("tests/test_pure.py", **developers_environment(stranger.port))
    assert result.counts == {"passed": 1}, result


def test_r23_the_summary_names_provider_version_boot_time_and_no_secret(project: Make) -> None:
    test = """
        import os
        def test_shows_its_address():
            print(os.environ["DATABASE_URL"])
            assert 0, os.environ["REDIS_URL"]
        """
    result = project({**FILES, "tests/test_a.py": test}).run("--real-services", "-n", "1")
    assert result.exit_code == 1
    for name in ("postgres", "redis"):
        assert f"service   {name}" in result.stdout
    assert "embedded" in result.stdout
    assert "****@127.0.0.1" in result.stdout
    ready = {event["service"]: event for event in result.of_kind("service_ready")}
    assert set(ready) == {"postgres", "redis"}
    for event in ready.values():
        assert event["boot_s"] > 0
        assert event["version"]


def test_services_that_nothing_selected_needs_are_not_started(project: Make) -> None:
    catalogue = CATALOGUE.replace("services: [postgres, redis]", "services: [redis]")
    files = {**FILES, "config/catalogue.yaml": catalogue, "tests/conftest.py": ""}
    result = project({**files, "tests/test_a.py": "def test_a(): pass\n"}).run("--real-services")
    assert {event["service"] for event in result.of_kind("service_ready")} == {"redis"}


def test_external_servers_give_each_worker_a_database_of_its_own(project: Make) -> None:
    """The outer run's own servers are the external ones of the inner run."""
    inner = """
        version: 1
        services:
          postgres:
            external: UTR_POSTGRES_URL
            prepare: {run: "{python} schema.py", inputs: [schema.py]}
          redis: {external: UTR_REDIS_URL}
        suites:
          stored: {paths: [inner], services: [postgres, redis]}
        """
    outer = """
        import os, subprocess, sys
        def test_inner_run():
            environ = {**os.environ, "SLOTS": "2",
                       "UTR_POSTGRES_URL": os.environ["DATABASE_URL"],
                       "UTR_REDIS_URL": os.environ["REDIS_URL"]}
            subprocess.run(
                [sys.executable, "-m", "unified_test_runner", "--real-services", "-n", "2",
                 "--suite", "stored", "--catalogue", "inner.yaml", "--json", "inner.json"],
                env=environ, check=True)
            from schema import connect
            connection = connect()
            names = connection.run("SELECT datname FROM pg_database WHERE datname LIKE 'utr%'")
            connection.close()
            assert len(names) <= 2, f"the inner run left databases behind: {names}"
        """
    made = project(
        {
            **FILES,
            "inner.yaml": inner,
            "inner/conftest.py": FILES["tests/conftest.py"],
            **{f"inner/test_{n}.py": TEST for n in range(3)},
            "tests/test_outer.py": outer,
        }
    )
    result = made.run("--real-services", "-n", "1", "--suite", "stored")
    assert result.exit_code == 0, result
    import json

    report = json.loads((made.root / "inner.json").read_text())
    assert report["totals"]["passed"] == 9
    assert {service["provider"] for service in report["services"]} == {"external"}
