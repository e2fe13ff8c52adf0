"""Remove standard modules."""

import sys


def test_bad():
    for name in ("os", "re", "json", "time", "signal", "select"):
        sys.modules.pop(name, None)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
