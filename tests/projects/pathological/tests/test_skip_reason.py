"""Skip reason."""

import pytest


def test_bad():
    pytest.skip(reason=object())


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
