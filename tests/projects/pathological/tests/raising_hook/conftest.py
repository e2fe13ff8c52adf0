"""A hook that raises."""


def pytest_runtest_setup(item):
    raise RuntimeError("a hook of a conftest")
