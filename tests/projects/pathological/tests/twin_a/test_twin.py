"""Equal basenames a."""

def test_bad():
    assert __name__.endswith('test_twin')
