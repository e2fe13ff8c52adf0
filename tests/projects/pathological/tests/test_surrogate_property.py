"""Surrogate property."""

def test_bad(record_property):
    record_property("k\udc80", "v\ud800")


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
