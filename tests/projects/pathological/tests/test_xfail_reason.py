"""Xfail reason."""

import pytest


@pytest.mark.xfail(reason="lone \udc80")
def test_bad():
    assert False


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
