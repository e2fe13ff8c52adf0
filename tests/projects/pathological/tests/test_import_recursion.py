"""Import recursion."""

def endless():
    return endless()


endless()


def test_never():
    assert True
