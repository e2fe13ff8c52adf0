"""Folder left."""

import os
import tempfile


def test_bad():
    path = tempfile.mkdtemp()
    assert os.path.isdir(path)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
