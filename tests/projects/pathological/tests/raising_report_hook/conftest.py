"""A hook that raises while a report is handled."""


def pytest_runtest_logreport(report):
    if report.when == "call" and "raising_report" in report.nodeid:
        raise RuntimeError("a report hook")
