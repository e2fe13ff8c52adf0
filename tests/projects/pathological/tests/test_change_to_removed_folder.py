"""Change to removed folder."""

import os


def test_bad(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    os.chdir(folder)
    folder.rmdir()


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
