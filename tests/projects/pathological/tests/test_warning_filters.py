"""Warning filters."""

import warnings


def test_bad():
    warnings.resetwarnings()
    warnings.simplefilter("error")
    warnings.showwarning = None


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
