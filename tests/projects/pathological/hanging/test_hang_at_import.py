"""Hang at import."""

import time

time.sleep(600)


def test_never():
    assert True
