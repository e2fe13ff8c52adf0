from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unified_test_runner.services import directories
from unified_test_runner.services.directories import PrivateDirectory, copy_tree, tree_bytes
from unified_test_runner.services.holdings import MARKER
from unified_test_runner.services.lease import Lease

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "inner").mkdir(parents=True, mode=0o700)
    (folder / "inner" / "big").write_bytes(bytes(range(256)) * 9000)
    (folder / "empty").touch()
    (folder / "program").write_text("#!")
    (folder / "program").chmod(0o750)
    (folder / "link").symlink_to("inner/big")
    return folder


def check_copy(source: Path, copy: Path) -> None:
    assert (copy / "inner" / "big").read_bytes() == (source / "inner" / "big").read_bytes()
    assert (copy / "empty").read_bytes() == b""
    assert (copy / "program").stat().st_mode & 0o777 == 0o750
    assert (copy / "inner").stat().st_mode & 0o777 == (source / "inner").stat().st_mode & 0o777
    assert (copy / "link").readlink() == (source / "link").readlink()
    assert tree_bytes(copy) == tree_bytes(source)


def test_a_tree_is_copied_with_its_modes(source: Path, tmp_path: Path) -> None:
    copy_tree(source, tmp_path / "copy", None)
    check_copy(source, tmp_path / "copy")


def test_a_tree_is_copied_where_the_kernel_does_not_help(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(directories.os, "copy_file_range", refuse, raising=False)
    copy_tree(source, tmp_path / "copy", None)
    check_copy(source, tmp_path / "copy")


def test_nothing_is_overwritten(source: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with pytest.raises(FileExistsError):
        copy_tree(source, tmp_path / "copy", None)


def test_a_private_directory_comes_and_goes_with_its_lease(tmp_path: Path) -> None:
    lease = Lease.acquire("run", {"UTR_STATE_DIR": str(tmp_path / "state")})
    made = PrivateDirectory.make(lease, tmp_path, None)
    assert made.path.stat().st_mode & 0o777 == 0o700
    assert (made.path / MARKER).read_text() == "run"
    assert len(made.path.name) == len("utr-") + 32
    (made.path / "inner").mkdir()
    (made.path / "inner" / "file").touch()
    made.remove()
    assert not made.path.exists()
    assert lease.holdings == ()
    lease.release()
