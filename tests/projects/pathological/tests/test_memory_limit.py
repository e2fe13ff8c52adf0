"""Memory limit."""

import resource


def test_bad():
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, hard))
    bytearray(64 << 30)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
