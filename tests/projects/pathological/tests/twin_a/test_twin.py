"""Equal basenames."""

def test_bad():
    assert __name__
