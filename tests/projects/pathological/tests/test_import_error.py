"""Import error."""

import nothing_of_this_name


def test_never():
    assert True
