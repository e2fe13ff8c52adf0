"""Import raises."""

raise RuntimeError("broken at import")


def test_never():
    assert True
