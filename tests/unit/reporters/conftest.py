from __future__ import annotations

import runpy
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "golden"
_RECORD = runpy.run_path(str(GOLDEN / "record.py"))
STREAMS = sorted(_RECORD["STREAMS"])


@pytest.fixture
def golden_folder() -> Path:
    return GOLDEN


@pytest.fixture(params=STREAMS)
def stream_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def recorded():
    """`recorded(name)`: the log of a sample run, as its source makes it."""
    return _RECORD["recorded"]


@pytest.fixture
def log_lines(recorded):
    """`log_lines(name)`: the lines of a sample run."""
    return lambda name: recorded(name).splitlines(keepends=True)


@pytest.fixture
def golden(request: pytest.FixtureRequest):
    """`golden(name, data)`: the bytes must be those of the file of that name."""

    def check(name: str, data: bytes) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_bytes(data)
        assert path.exists(), f"{name} is missing: run pytest --update-golden"
        assert data.decode() == path.read_bytes().decode()

    return check
