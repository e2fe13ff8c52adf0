"""Writes down what plain pytest reports: `-p parity_recorder`, a line of JSON per entry.

Loaded into environments of any age, next to any other plugin, so it uses a raw descriptor and
the standard library only. `PARITY_RECORD` names the file; `PARITY_ORDER=reversed` turns the
order of the files around, to learn which outcomes hang on it.
"""

from __future__ import annotations

import json
import os

import pytest


def pytest_configure(config):
    config.pluginmanager.register(Recorder(os.environ["PARITY_RECORD"]), "parity-recorder-itself")


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    yield
    if os.environ.get("PARITY_ORDER") == "reversed":
        files = {}
        for item in items:
            files.setdefault(item.nodeid.partition("::")[0], []).append(item)
        items[:] = [item for name in reversed(list(files)) for item in files[name]]


class Recorder:
    """A plugin of its own, so that nothing of it is seen by the suite."""

    def __init__(self, path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._owner = os.getpid()
        self._phases = []

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self._phases = []
        self._write(kind="start", nodeid=item.nodeid)
        yield
        self._write(kind="test", nodeid=item.nodeid, phases=self._phases)

    def pytest_runtest_logreport(self, report):
        if hasattr(report, "context") and not report.failed:
            return  # a subtest that did not fail is part of its test
        self._phases.append([report.when, report.outcome, hasattr(report, "wasxfail")])

    def pytest_collectreport(self, report):
        if not report.passed:
            self._write(kind="file", nodeid=report.nodeid, phases=[["collect", report.outcome, 0]])

    def pytest_sessionfinish(self, exitstatus):
        self._write(kind="end", status=int(exitstatus))

    def _write(self, **line):
        if os.getpid() == self._owner:  # not a copy that a test has forked
            os.write(self._fd, json.dumps(line).encode("ascii") + b"\n")
