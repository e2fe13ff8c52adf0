"""Remove pytest."""

import sys


def test_bad():
    for name in [n for n in sys.modules if n.partition(".")[0] in {"pytest", "_pytest", "utr_child"}]:
        del sys.modules[name]


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
