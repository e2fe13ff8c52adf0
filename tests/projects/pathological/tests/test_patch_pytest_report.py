"""Patch pytest report."""

import pytest


def broken(*arguments, **options):
    raise RuntimeError("reports are patched")


def test_bad():
    pytest.TestReport.from_item_and_call = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
