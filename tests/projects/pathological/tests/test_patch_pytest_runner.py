"""Patch pytest runner."""

import _pytest.runner


def broken(*arguments, **options):
    raise RuntimeError("the runner is patched")


def test_bad():
    _pytest.runner.call_and_report = broken


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
