"""Unittest breaks."""

import unittest


class TestOdd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise ValueError("class set-up is broken")

    def test_bad(self):
        pass


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
