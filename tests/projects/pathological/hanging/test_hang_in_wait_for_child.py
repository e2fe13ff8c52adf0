"""Hang in wait for child."""

import subprocess


def test_bad():
    subprocess.run(["sleep", "600"], start_new_session=True)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
