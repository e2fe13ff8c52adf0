"""Import sys exit."""

import sys

sys.exit(7)


def test_never():
    assert True
