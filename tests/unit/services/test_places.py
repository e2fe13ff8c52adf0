from __future__ import annotations

import os
from pathlib import Path

import pytest

from unified_test_runner.errors import RunnerError
from unified_test_runner.services import places


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"UTR_STATE_DIR": "{}/a", "XDG_STATE_HOME": "{}/b"}, "a"),
        ({"XDG_STATE_HOME": "{}/b", "HOME": "{}/c"}, "b/unified-test-runner"),
        ({"HOME": "{}/c"}, "c/.local/state/unified-test-runner"),
    ],
)
def test_state_directory(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    given = {key: value.format(tmp_path) for key, value in environ.items()}
    assert places.state_directory(given) == tmp_path / expected
    assert (tmp_path / expected).stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_written_leads_to_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(places.tempfile, "gettempdir", lambda: str(tmp_path))
    found = places.state_directory({"HOME": str(tmp_path / "file")})
    assert found == tmp_path / f"unified-test-runner-{os.geteuid()}"


def test_a_state_directory_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setattr(places.os, "geteuid", lambda: 12345)
    with pytest.raises(RunnerError, match="no state directory can be written"):
        places.state_directory({"UTR_STATE_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("environ", "uid", "expected"),
    [
        ({"UTR_CACHE_DIR": "/a", "HOME": "/h"}, 0, "/a"),
        ({"HOME": "/h"}, 0, "/var/cache/unified-test-runner"),
        ({"HOME": "/h"}, 7, "/h/.cache/unified-test-runner"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, 7, "/x/unified-test-runner"),
    ],
)
def test_cache_directory(
    environ: dict[str, str], uid: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places.os, "geteuid", lambda: uid)
    assert places.cache_directory(environ) == Path(expected)


@pytest.mark.parametrize(("mode", "expected"), [(0o755, True), (0o700, False), (0o711, False)])
def test_another_user_needs_a_way_in(tmp_path: Path, mode: int, expected: bool) -> None:
    stranger = places.Account(name="stranger", uid=12345, gid=12345)
    inner = tmp_path / "inner"
    inner.mkdir()
    inner.chmod(mode)
    tmp_path.chmod(0o755)
    reachable = all(parent.stat().st_mode & 0o001 for parent in inner.resolve().parents)
    assert places.is_accessible(inner, stranger) is (expected and reachable)
    assert places.is_accessible(inner, None)


def test_without_room_the_next_place_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_free", lambda path: 10 if path == tmp_path else 5)
    assert places.roomiest([tmp_path], 8, None) == tmp_path


def test_memory_comes_first_when_it_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "shm"
    memory.mkdir()
    monkeypatch.setattr(places, "_SHM", memory)
    monkeypatch.setattr(places.sys, "platform", "linux")
    assert places.roomiest([tmp_path], 1, None) == memory
