"""Odd properties."""

class Odd:
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


def test_bad(record_property):
    record_property("object", object())
    record_property("set", {1, 2})
    record_property("odd", Odd())
    record_property(Odd(), 1)
    record_property(None, float("nan"))
    loop = []
    loop.append(loop)
    record_property("loop", loop)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
