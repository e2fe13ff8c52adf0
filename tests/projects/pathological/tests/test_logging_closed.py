"""Logging closed."""

import logging


def test_bad():
    logging.shutdown()
    logging.disable(logging.CRITICAL)
    logging.root.handlers.clear()
    logging.getLogger = None


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
