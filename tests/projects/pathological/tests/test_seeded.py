"""Seeded."""

import random


def test_bad():
    random.seed(1)
    assert random.random() < 0.2


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
