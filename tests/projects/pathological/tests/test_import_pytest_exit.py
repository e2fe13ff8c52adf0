"""Import pytest exit."""

import pytest

pytest.exit("no import today")


def test_never():
    assert True
