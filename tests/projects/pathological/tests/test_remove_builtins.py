"""Remove builtins."""

import builtins


def test_bad():
    for name in ("len", "isinstance", "getattr", "Exception", "ValueError"):
        delattr(builtins, name)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
