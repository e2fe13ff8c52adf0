from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.errors import RunnerError
from unified_test_runner.model import Endpoint
from unified_test_runner.services.holdings import (
    MARKER,
    Holding,
    OwnedDatabase,
    OwnedDirectory,
    OwnedLogicalDatabase,
    OwnedProcess,
    holding_from_plain,
    holding_to_plain,
    new_token,
)
from unified_test_runner.services.lease import Lease, leases_directory, take_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDPOINT = Endpoint(host="127.0.0.1", port=1, user="u", password="hidden", database="d")
HOLDINGS = [
    OwnedProcess(id="a"),
    OwnedProcess(id="a", pid=12, started="345", signal=3, data="/x"),
    OwnedDirectory(id="b", path="/x"),
    OwnedDatabase(id="c", endpoint=ENDPOINT, name="utr_1", tls=True),
    OwnedLogicalDatabase(id="d", endpoint=ENDPOINT, number=3, token="hidden"),
]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"UTR_STATE_DIR": str(tmp_path / "state")}


@pytest.fixture
def lease(environ: dict[str, str]) -> Iterator[Lease]:
    made = Lease.acquire("run", environ)
    yield made
    made.release()


def abandoned(lease: Lease) -> Lease:
    """The lease as a killed runner leaves it."""
    os.close(lease._descriptor)
    lease._descriptor = -1
    return lease


@pytest.mark.parametrize("holding", HOLDINGS)
def test_a_holding_survives_the_file_and_hides_its_secrets(holding: Holding) -> None:
    plain = json.loads(json.dumps(holding_to_plain(holding)))
    assert holding_from_plain(plain) == holding
    assert "hidden" not in repr(holding)


def test_only_the_owner_can_read_it(lease: Lease) -> None:
    assert lease.path.stat().st_mode & 0o777 == 0o600
    assert lease.path.parent.stat().st_mode & 0o777 == 0o700


def test_it_is_locked_and_not_inherited(lease: Lease) -> None:
    assert os.get_inheritable(lease._descriptor) is False
    with lease.path.open() as stream, pytest.raises(BlockingIOError):
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert take_over(lease.path) is None


def test_release_removes_it_when_everything_is_forgotten(lease: Lease) -> None:
    lease.record(HOLDINGS[0])
    lease.forget(HOLDINGS[0])
    lease.release()
    assert not lease.path.exists()
    lease.release()


def test_release_leaves_it_to_others_when_something_is_left(environ: dict[str, str]) -> None:
    lease = Lease.acquire("run", environ)
    lease.record(HOLDINGS[2])
    lease.release()
    found = take_over(lease.path)
    assert found is not None
    assert found.holdings == (HOLDINGS[2],)
    found.close()
    assert not lease.path.exists()


def test_a_free_lease_is_replayed(environ: dict[str, str]) -> None:
    lease = Lease.acquire("run", environ)
    for holding in HOLDINGS:
        lease.record(holding)
    lease.forget(HOLDINGS[2])
    found = take_over(abandoned(lease).path)
    assert found is not None
    assert (found.run_id, found.is_this_boot) == ("run", True)
    assert found.holdings == (HOLDINGS[1], *HOLDINGS[3:])
    found.close()


def test_a_half_written_last_line_is_ignored(environ: dict[str, str]) -> None:
    lease = Lease.acquire("run", environ)
    lease.record(HOLDINGS[2])
    with lease.path.open("a") as stream:
        stream.write('{"op": "record", "hol')
    found = take_over(abandoned(lease).path)
    assert found is not None
    assert found.holdings == (HOLDINGS[2],)
    found.close()


@pytest.mark.parametrize("text", ["", "{}\n", "not ours\n", "[1]\n"])
def test_a_file_that_is_no_lease_is_left_alone(environ: dict[str, str], text: str) -> None:
    path = leases_directory(environ) / "x.jsonl"
    path.write_text(text)
    assert take_over(path) is None
    assert path.read_text() == text


def test_what_is_kept_keeps_the_lease(environ: dict[str, str]) -> None:
    lease = Lease.acquire("run", environ)
    lease.record(HOLDINGS[2])
    found = take_over(abandoned(lease).path)
    assert found is not None
    found.close(keep=found.holdings)
    assert lease.path.exists()


def test_nothing_can_be_recorded_after_release(environ: dict[str, str]) -> None:
    lease = Lease.acquire("run", environ)
    lease.release()
    with pytest.raises(RunnerError, match="released"):
        lease.record(HOLDINGS[0])


def test_a_directory_is_recorded_before_it_is_made(lease: Lease, tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "folder"
    with pytest.raises(FileNotFoundError):
        lease.record_directory(missing)
    assert [held.path for held in lease.holdings] == [str(missing)]  # type: ignore[union-attr]
    lease.forget(lease.holdings[0])
    holding = lease.record_directory(tmp_path / "folder")
    assert (tmp_path / "folder" / MARKER).read_text() == "run"
    lease.forget(holding)


def test_a_process_is_recorded_with_its_start(lease: Lease) -> None:
    holding = lease.record_process(os.getpid())
    assert holding.pid == os.getpid()
    assert holding.started
    lease.forget(holding)


def test_tokens_have_128_bits() -> None:
    assert len(new_token()) == 32
    assert new_token() != new_token()
