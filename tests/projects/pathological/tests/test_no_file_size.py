"""No file size."""

import resource
import signal


def test_bad(tmp_path):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    with open(tmp_path / "file", "w") as stream:
        stream.write("text")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
