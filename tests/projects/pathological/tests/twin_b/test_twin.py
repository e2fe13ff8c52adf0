"""Equal basenames second."""

def test_never():
    assert True
