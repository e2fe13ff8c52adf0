"""Generate tests raises."""

def pytest_generate_tests(metafunc):
    raise ValueError("generates nothing")


def test_bad():
    pass
