"""Child with channel."""

import subprocess

LEFT = []


def test_bad():
    LEFT.append(subprocess.Popen(["sleep", "600"], close_fds=False, start_new_session=True))


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
