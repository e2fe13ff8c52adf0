"""Coroutine test."""

async def test_bad():
    pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
