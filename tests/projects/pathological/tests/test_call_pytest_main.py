"""Call pytest main."""

import pytest


def test_bad(tmp_path):
    (tmp_path / "test_inner.py").write_text("def test_inner(): assert 0, 'inner'")
    assert pytest.main([str(tmp_path), "-p", "no:cacheprovider"]) == 0


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
