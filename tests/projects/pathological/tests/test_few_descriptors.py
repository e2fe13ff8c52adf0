"""Few descriptors."""

import resource


def test_bad():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (10, hard))


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
