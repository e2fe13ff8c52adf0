"""A broker with real servers, a fake runner to be killed, and waits on conditions."""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import pg8000.native
import pytest

from unified_test_runner.kinds import KINDS, ProviderChoice
from unified_test_runner.model import ServiceSpec, ServiceUse
from unified_test_runner.services.broker import Broker, BrokerSettings
from unified_test_runner.services.holdings import new_token
from unified_test_runner.services.lease import Lease
from unified_test_runner.services.notes import SlotClosed, SlotFailed, SlotOpened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")
PATIENCE_S = 30.0


def wait_for(condition: Callable[[], T], within_s: float = 5.0) -> T:
    """Return the first true value of `condition`; fail when it takes too long."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"still not so after {within_s} s"
        time.sleep(0.01)


Eventually = type(wait_for)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    return wait_for


class Run:
    """A broker as the engine has it, with what it said."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.run_id = new_token()
        self.root = folder / "project"
        self.run_dir = folder / f"run-{self.run_id[:8]}"
        self.root.mkdir(exist_ok=True)
        self.run_dir.mkdir()
        self.environ = dict(environ)
        self.lease = Lease.acquire(self.run_id, self.environ)
        self.said: list[object] = []
        self._queue: queue.Queue[object] = queue.Queue()
        self.broker: Broker | None = None
        self._scrubbed: set[str] = set()

    def start(
        self,
        *specs: ServiceSpec,
        choice: ProviderChoice = ProviderChoice.AUTO,
        environ: Mapping[str, str] | None = None,
        within_s: float = PATIENCE_S,
        slots: int = 4,
    ) -> Broker:
        scrubbed: set[str] = set()
        for spec in specs:
            scrubbed |= KINDS[spec.kind].client_variables if spec.kind in KINDS else set()
        self.broker = Broker(
            specs,
            settings=BrokerSettings(
                run_id=self.run_id,
                root=self.root,
                run_dir=self.run_dir,
                environ={**self.environ, **(environ or {})},
                choice=choice,
                slots=slots,
                scrubbed=frozenset(scrubbed),
                within_s=within_s,
            ),
            lease=self.lease,
            notify=self._queue.put,
        )
        self.broker.start()
        return self.broker

    def until(self, wanted: type[T], **fields: Any) -> T:
        """Return the next note or event of a type; anything else is kept in `said`."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                found = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no {wanted.__name__}; said: {self.said}")
            self.said.append(found)
            if isinstance(found, wanted) and all(
                getattr(found, name) == value for name, value in fields.items()
            ):
                return found

    def open(self, slot: int, *uses: str | ServiceUse) -> dict[str, str]:
        assert self.broker is not None
        wanted = [ServiceUse(name=use) if isinstance(use, str) else use for use in uses]
        self.broker.open_slot(slot, wanted)
        found = self.until((SlotOpened, SlotFailed), slot=slot)  # type: ignore[arg-type]
        assert isinstance(found, SlotOpened), found
        return dict(found.variables)

    def close_slot(self, slot: int) -> None:
        assert self.broker is not None
        self.broker.close_slot(slot)
        self.until(SlotClosed, slot=slot)

    def events(self, wanted: type[T]) -> list[T]:
        while not self._queue.empty():
            self.said.append(self._queue.get())
        return [event for event in self.said if isinstance(event, wanted)]

    def close(self) -> list[str]:
        errors = self.broker.close() if self.broker is not None else []
        held = self.lease.holdings
        self.lease.release()
        assert held == (), held
        return errors


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="utr-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def base_environ(ground: Path) -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "UTR_CACHE_DIR": str(ground / "cache"),
    }


@pytest.fixture
def environ(base_environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The calling environment, with a state directory of this test alone."""
    return {**base_environ, "UTR_STATE_DIR": str(tmp_path / "state")}


@pytest.fixture
def new_run(tmp_path: Path, environ: dict[str, str]) -> Iterator[Callable[[], Run]]:
    runs: list[Run] = []

    def make() -> Run:
        runs.append(Run(tmp_path, environ))
        return runs[-1]

    yield make
    errors = [error for run in runs for error in run.close()]
    assert errors == []


@pytest.fixture
def run(new_run: Callable[[], Run]) -> Run:
    return new_run()


@pytest.fixture(scope="session")
def outside(ground: Path, base_environ: dict[str, str]) -> Iterator[dict[str, str]]:
    """Addresses of a PostgreSQL and a Redis that somebody else runs."""
    folder = ground / "outside"
    folder.mkdir()
    run = Run(folder, {**base_environ, "UTR_STATE_DIR": str(folder / "state")})
    try:
        run.start(
            ServiceSpec(name="postgres", kind="postgres"), ServiceSpec(name="redis", kind="redis")
        )
        yield run.open(0, "postgres", "redis")
    finally:
        assert run.close() == []


@pytest.fixture
def databases() -> Callable[[str], set[str]]:
    """Return a function: the names of all databases on the server at an address."""

    def names(address: str) -> set[str]:
        parts = urlsplit(address)
        connection = pg8000.native.Connection(
            parts.username,
            host=parts.hostname,
            port=parts.port,
            database=parts.path[1:],
            password=parts.password,
        )
        try:
            return {row[0] for row in connection.run("SELECT datname FROM pg_database")}
        finally:
            connection.close()

    return names
