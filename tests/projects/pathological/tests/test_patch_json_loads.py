"""Patch json loads."""

import json


def broken(*arguments, **options):
    raise RuntimeError("json.loads is patched")


def test_bad():
    json.loads = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
