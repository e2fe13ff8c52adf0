"""Patch json encoder."""

import json


def broken(*arguments, **options):
    raise RuntimeError("the encoder is patched")


def test_bad():
    json.JSONEncoder.encode = broken
    json.JSONEncoder.iterencode = broken
    json.JSONDecoder.decode = broken
    json.encoder.c_make_encoder = None


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
