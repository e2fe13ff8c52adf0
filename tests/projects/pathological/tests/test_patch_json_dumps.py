"""Patch json dumps."""

import json


def broken(*arguments, **options):
    raise RuntimeError("json.dumps is patched")


def test_bad():
    json.dumps = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
