"""Child left."""

import subprocess

LEFT = []


def test_bad():
    LEFT.append(subprocess.Popen(["sleep", "600"]))


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
